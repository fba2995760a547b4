"""TorchScript files: described, tried, refused with the finding, run in a process that can do little harm."""

import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lacuna.errors import LacunaError
from tests.contestants.scripts import Blur, Crashes, Endless, Greedy, Joined, NotFinite, Reads, written

FORMS = {
    "plain": ({}, {}),
    "signed": ({"reads": (-1.0, 1.0), "answers": (-1.0, 1.0)}, {"reads": [-1, 1], "answers": [-1, 1]}),
    "bytes, hole black, mask first": (
        {"reads": (0.0, 255.0), "answers": (0.0, 1.0), "mask": (1.0, 0.0), "mask_first": True},
        {"reads": [0, 255], "mask": [1, 0], "order": "mask_image"},
    ),
    "composite": ({"composite": True}, {"returns": "composite"}),
    "multiples of 16": ({"multiple": 16}, {"multiple": 16}),
}


def filled(room, number, window=31):
    """What the networks draw, by arithmetic of our own."""
    image, hole = room.given(number)
    mean = np.rint(image[~hole].mean(axis=0))
    given = np.where(hole[..., None], mean, image) / 255
    known = torch.tensor(~hole, dtype=torch.float64)[None, None]
    picture = torch.tensor(given).permute(2, 0, 1)[None]
    pool = torch.nn.functional.avg_pool2d
    answer = pool(picture * known, window, 1, 15) / pool(known, window, 1, 15)
    return (answer[0].permute(1, 2, 0).numpy() * 255).round()


@pytest.mark.parametrize("form", FORMS)
def test_a_described_script_fills(room, form):
    options, description = FORMS[form]
    path = written(Blur(**options), room.folder / "x.pt")
    made, measured = room.ask({"kind": "torchscript", "path": path, **description}, number=2)
    inside = room.given(1)[1]
    middle = np.zeros_like(inside)
    middle[16:-16, 16:-16] = True  # where the mirrored edge is not seen
    off = np.abs(made[1] - filled(room, 1))[inside & middle]
    assert off.max() <= 1.01
    assert measured.returns == description.get("returns", "raw")
    assert measured.startup > 0.3 and len(measured.each) == 2 and measured.peak_memory > 100e6
    assert not any("could not take the network" in note for note in measured.notes)


def test_four_channels_as_migan_has_them(room):
    network = Joined(mask_first=True, reads=(-1.0, 1.0), answers=(-1.0, 1.0), mask=(0.5, -0.5))
    path = written(network, room.folder / "x.pt")
    description = {"reads": [-1, 1], "answers": [-1, 1], "mask": [0.5, -0.5], "order": "mask_image", "joined": True}
    made, _ = room.ask({"kind": "torchscript", "path": path, "erased": True, **description}, number=1)
    assert made[0].shape == (56, 72, 3)
    with pytest.raises(LacunaError, match="cannot take part: the script .* cannot run on its pictures"):
        room.ask({"kind": "torchscript", "path": path, **description, "joined": False}, number=1)


WRONG = {
    "polarity": (Blur(mask=(1.0, 0.0)), {}, "takes the mask the wrong way round"),
    "leak": (Blur(leak=0.4), {}, "looks under the hole"),
    "range": (Blur(answers=(0.0, 255.0)), {}, r"answers in another range: .* \[0, 1\], answers: \[0, 255\] by"),
    "signed": (Blur(answers=(-1.0, 1.0)), {}, r"answers in another range: .* answers: \[-1, 1\]"),
    "composite": (Blur(), {"returns": "composite"}, "is described as 'returns: composite', but by trial known"),
    "size": (Blur(), {"size": [64, 40]}, "takes pictures of 64×40 pixels alone, and the run's have 56 in height"),
    "multiple": (Blur(multiple=16), {"multiple": 8}, "cannot run on its pictures"),
    "output": (Blur(), {"output": 1}, "returns 1 outputs, and 'output' is 1"),
    "reads files": (Reads(), {}, "does more than compute: its code calls aten::from_file; it is not run"),
    "endless": (Endless(), {"time_limit": 6.0}, "was ended after 6 seconds, its 'time_limit'"),
    "greedy": (Greedy(), {"memory_gb": 24.0}, "cannot run on its pictures"),
    "crashes": (Crashes(), {}, "cannot run on its pictures .*too dark"),
    "not finite": (NotFinite(), {}, "answers with values that are not finite"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_script_is_refused_with_what_was_found(room, how):
    network, description, finding = WRONG[how]
    path = written(network, room.folder / "x.pt")
    with pytest.raises(LacunaError, match=f"system 'theirs' cannot take part: the script {path} {finding}") as error:
        room.ask({"kind": "torchscript", "path": path, **description}, number=1)
    assert str(error.value).isprintable() and len(str(error.value)) < 700


def test_what_is_no_script_is_refused(room):
    torch.save({"a": torch.zeros(2)}, room.folder / "state.pt")
    (room.folder / "text.pt").write_text("hello")
    for name in ("state.pt", "text.pt"):
        with pytest.raises(LacunaError, match="cannot be loaded by PyTorch as TorchScript"):
            room.ask({"kind": "torchscript", "path": str(room.folder / name)}, number=1)
    with pytest.raises(LacunaError, match="does not exist; correct 'path'"):
        room.ask({"kind": "torchscript", "path": str(room.folder / "gone.pt")}, number=1)


def test_another_file_than_the_named_one_is_refused(room):
    path = written(Blur(), room.folder / "x.pt")
    right = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert room.ask({"kind": "torchscript", "path": path, "sha256": right}, number=1)[0]
    with pytest.raises(LacunaError, match=f"has the SHA-256 {right}, and not the one of the config"):
        room.ask({"kind": "torchscript", "path": path, "sha256": "0" * 64}, number=1)


def test_a_network_that_draws_takes_part_and_the_report_says_so(room):
    path = written(Blur(noise=0.1), room.folder / "x.pt")
    _, measured = room.ask({"kind": "torchscript", "path": path}, number=1)
    assert any("differently each time" in note for note in measured.notes)


SHUT = """
import socket, sys
from lacuna.contestants._shut import with_limits, without_network
assert without_network()
with_limits(None)
socket.socketpair()
for family in (socket.AF_INET, socket.AF_INET6):
    try:
        socket.socket(family)
    except PermissionError:
        print("refused")
try:
    with open(sys.argv[1], "wb") as file:
        file.write(b"x")
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no such filter")
def test_the_process_has_no_network_and_writes_nothing(tmp_path):
    assert socket.socket(socket.AF_INET).close() is None  # here it can
    done = subprocess.run([sys.executable, "-c", SHUT, tmp_path / "x"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["refused", "refused", os.strerror(27)]
    assert (tmp_path / "x").read_bytes() == b""
