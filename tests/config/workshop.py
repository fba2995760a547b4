"""Good files of every kind that a command reads, bad ones, the ways to damage them, and what a command then says."""

import contextlib
import io
import json
import shlex
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import yaml
from safetensors.torch import load_file, save_file

from lacuna import systems
from lacuna.cli import main
from lacuna.plan import Plan
from tests.contestants.scripts import Blur, NotFinite, Reads, written
from tests.inpainting.foreign import Foreign, identity
from tests.inpainting.made_up import box, noise, save
from tests.tiny import SETTINGS, TINY

NOTE = {"system": "deepfillv2", "settings": SETTINGS}
FLOATS = {"image": ("float", ["n", 3, "h", "w"]), "mask": ("float", ["n", 1, "h", "w"])}
CONFIG = TINY | {
    "image_size": [56, 40],
    "image_sets": TINY["image_sets"] | {"mine": {"kind": "folder", "path": "photos", "count": 3, "crop": "random"}},
    "mask_sets": {
        "few": {"kind": "folder", "path": "masks", "count": 3, "coverage": [0.01, 0.9], "bins": 1},
        "many": {"kind": "boxes", "count": 4, "bins": 2, "coverage": [0.05, 0.5]},
    },
    "systems": TINY["systems"] | {"theirs": {"kind": "predictions", "path": "predicted"}},
    "training": {"iterations": 3, "batch_size": 2, "validate_every": 2, "checkpoint_every": 2, "log_every": 1},
}

# Contestants from outside, which take the lists of the run above.
FILLS = ["{image}", "{mask}", "{prediction}"]
OUTSIDE = {
    "program": {"kind": "command", "command": ["sh", "fill.sh", *FILLS], "time_limit": 3},
    "absent": {"kind": "command", "command": ["nosuch-program", *FILLS]},
    "graph": {"kind": "onnx", "path": "graph.onnx", "mask": [0, 1], "multiple": 1, "time_limit": 100},
    "unknown": {"kind": "onnx", "path": "graph.onnx"},
    "script": {"kind": "torchscript", "path": "script.pt", "time_limit": 100},
    "other": {"kind": "torchscript", "path": "script.pt", "sha256": "0" * 64},
    "pipeline": {"kind": "diffusers", "path": "named"},
}
MADE = ("stage", "make_masks", "pair", "train", "predict", "import_predictions", "score")


def make_good(folder: Path) -> None:
    """Fill the working directory `folder` with good files of every kind, and a run in `results/tiny`."""
    save(folder / "photo.png", noise())
    save(folder / "photo.jpg", noise())
    save(folder / "mask.png", box())
    save(folder / "small.png", box(30, 20, down=7, across=5))
    for name in ("photos", "masks", "predicted", "named"):
        (folder / name).mkdir()
    for number, name in enumerate("abc"):
        save(folder / f"photos/{name}.png", noise(seed=number))
        save(folder / f"masks/{name}.png", box(top=5 + number))
        save(folder / f"named/{name}.png", np.where(box(top=5 + number)[..., None], np.uint8(90), noise(seed=number)))
        save(folder / f"predicted/{number:04}.png", noise(40, 56, seed=9))
    torch.manual_seed(0)
    state = systems.create("deepfillv2", **SETTINGS).network.state_dict()
    save_file(state, folder / "weights.safetensors", {"lacuna": json.dumps(NOTE)})
    torch.save(state, folder / "weights.pth")
    note = json.dumps({"system": "x", "size": {"multiple": 1, "minimum": 1}})
    identity(folder / "graph.onnx", FLOATS, {"raw": FLOATS["image"]}, note)
    (folder / "list.txt").write_text("".join(f"photos/{name}.png\tmasks/{name}.png\n" for name in "abc"))
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    (folder / "fill.sh").write_text('cp "$1" "$3"\n')
    written(Blur(), folder / "script.pt")
    (folder / "config/outside.yaml").write_text(yaml.safe_dump({**CONFIG, "systems": OUTSIDE}, sort_keys=False))
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        for job in Plan.of_file("config/config.yaml").jobs():
            if job.stage in MADE:
                assert main(["step", job.stage, "--job", job.text, "--threads", "1"]) == 0, job.name


def make_bad(folder: Path) -> None:
    """Fill `folder` with files that are not what they are called, or are damaged; it lies beside the good ones."""
    folder.mkdir()
    good = folder.parent
    for name in ("text.png", "text.safetensors", "text.pth", "text.onnx", "text.csv", "text.json", "text.txt"):
        (folder / name).write_text("hello\n")
    for name in ("photo.png", "mask.png", "weights.safetensors", "weights.pth", "graph.onnx", "list.txt"):
        whole, suffix = (good / name).read_bytes(), Path(name).suffix
        (folder / f"empty{suffix}").write_bytes(b"")
        (folder / name.replace(".", "_cut.")).write_bytes(whole[: len(whole) // 2])
    (folder / "page.jpg").write_text("<!DOCTYPE html><title>Not found</title>")
    (folder / "page.pth").write_text("<!DOCTYPE html><title>Not found</title>")
    (folder / "pointer.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    (folder / "postscript.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    (folder / "huge.png").write_bytes(_png_of_size(70_000, 60_000))
    save(folder / "clear.png", np.dstack([noise(), np.where(box(), 255, 0).astype(np.uint8)]))
    save(folder / "black.png", box() & False)
    save(folder / "white.png", box() | True)
    save(folder / "ones.png", box().astype(np.uint8))
    save(folder / "soft.png", np.where(box(), np.uint8(200), np.uint8(9)))
    save(folder / "infinite.tif", np.full((37, 53), np.inf, np.float32))
    save(folder / "far.tif", np.full((37, 53), 1 << 20, np.int32))
    _make_bad_weights(folder, load_file(good / "weights.safetensors"))
    _make_bad_graphs(folder)


def _make_bad_weights(folder: Path, state: dict[str, torch.Tensor]) -> None:
    first, *others = state
    notes = {
        "none": None,
        "null": "null",
        "broken": "{",
        "stranger": json.dumps({"system": "nosuch", "settings": {}}),
        "unset": json.dumps({"system": "deepfillv2"}),
        "classical": json.dumps({"system": "telea", "settings": {}}),
        "wide": json.dumps({"system": "deepfillv2", "settings": {**SETTINGS, "width": 10**9}}),
        "another": json.dumps({"system": "aotgan", "settings": {"width": 4, "blocks": 1, "rates": [1, 2]}}),
        "setting": json.dumps({"system": "deepfillv2", "settings": {**SETTINGS, "wdith": 4}}),
    }
    for name, note in notes.items():
        save_file(state, folder / f"note_{name}.safetensors", {"lacuna": note} if note else None)
    changed = {
        "integers": {name: each.to(torch.int8) for name, each in state.items()},
        "complex": {name: each.to(torch.complex64) for name, each in state.items()},
        "fewer": {name: state[name] for name in others},
        "more": {**state, "surplus": torch.zeros(3)},
        "shapes": {**state, first: torch.zeros(2, 3)},
        "nothing": {},
        "infinite": {**state, first: torch.full_like(state[first], torch.inf)},
    }
    for name, tensors in changed.items():
        save_file(tensors, folder / f"{name}.safetensors", {"lacuna": json.dumps(NOTE)})
    cyclic: dict = {"state_dict": {}}
    cyclic["state_dict"]["state_dict"] = cyclic["state_dict"]
    for name, held in {"cyclic": cyclic, "list": [1, 2], "number": 3, "keys": {1: torch.zeros(2)}}.items():
        torch.save(held, folder / f"{name}.pth")
    torch.jit.script(torch.nn.Identity()).save(str(folder / "script.pth"))
    with zipfile.ZipFile(folder / "archive.pth", "w") as archive:
        archive.writestr("weights.txt", "hello")
    (folder / "long_header.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + b"{}")


def _make_bad_graphs(folder: Path) -> None:
    grey = {"image": FLOATS["mask"], "mask": FLOATS["mask"]}
    identity(folder / "grey.onnx", grey, {"raw": grey["image"]})
    identity(folder / "one_input.onnx", {"image": FLOATS["image"]}, {"raw": FLOATS["image"]})
    identity(folder / "note_null.onnx", FLOATS, {"raw": FLOATS["image"]}, "null")
    identity(folder / "note_list.onnx", FLOATS, {"raw": FLOATS["image"]}, "[1]")
    Foreign(gain=float("nan")).write(folder / "not_finite.onnx")
    Foreign(twice=True).write(folder / "twice.onnx")
    Foreign(leak=0.4).write(folder / "leak.onnx")
    Foreign(white_is_hole=False).write(folder / "polarity.onnx")
    Foreign(answers=(0, 255)).write(folder / "range.onnx")
    for name, network in {
        "leak": Blur(leak=0.4),
        "polarity": Blur(mask=(1.0, 0.0)),
        "range": Blur(answers=(-1.0, 1.0)),
        "reads": Reads(),
        "not_finite": NotFinite(),
    }.items():
        written(network, folder / f"{name}.pt")


def _png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header says these sizes, with no pixels in it."""
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


CHANGES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a bit changed": lambda path: path.write_bytes(_flipped(path.read_bytes())),
}


def change(folder: Path, changes: str) -> None:
    """Damage files: `FILE: missing`, `FILE: cut off` …, `FILE: is OTHER` (a copy of it) or `FILE: holds TEXT`; several
    are parted by ` | `."""
    for each in filter(None, changes.split(" | ")):
        name, _, how = each.partition(": ")
        path, (kind, _, value) = folder / name, how.partition(" ")
        path.parent.mkdir(parents=True, exist_ok=True)
        if how in CHANGES:
            CHANGES[how](path)
        elif kind == "is":
            shutil.copyfile(folder / value, path)
        elif kind == "holds":
            path.write_text(value.replace("\\n", "\n"))
        else:
            raise ValueError(f"there is no change {how!r}")


def _flipped(content: bytes) -> bytes:
    place = len(content) * 2 // 3
    return content[:place] + bytes([content[place] ^ 64]) + content[place + 1 :]


class Workshop:
    """All these files, made once."""

    def __init__(self) -> None:
        self._kept = TemporaryDirectory()
        self._folder = Path(self._kept.name)
        make_good(self._folder)
        make_bad(self._folder / "bad")

    def said(self, words: str, changes: str) -> str:
        """What `lacuna WORDS` says about the mistake, in a copy of the files, some of them changed.

        Empty unless that is one line, with the exit status 1; notes (lines that begin so) may come before it.
        """
        errors = io.StringIO()
        with TemporaryDirectory() as made:
            folder = Path(made) / "work"
            shutil.copytree(self._folder, folder)
            change(folder, changes)
            with (
                contextlib.chdir(folder),
                contextlib.redirect_stderr(errors),
                contextlib.redirect_stdout(io.StringIO()),
            ):
                status = main(shlex.split(words))
        lines = [line for line in errors.getvalue().splitlines() if not line.startswith("note: ")]
        return lines[0].replace(f"{folder}/", "") if status == 1 and len(lines) == 1 else ""
