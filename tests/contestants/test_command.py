"""Programs of others: asked for folders and for pictures, timed, and refused with what was found."""

import os
import re
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lacuna.contestants import _program
from lacuna.errors import LacunaError
from tests.contestants.programs import WRONG, folder_program, one_program


def expected(room, number):
    image, hole = room.given(number)
    mean = np.rint(image[~hole].mean(axis=0)).astype(np.uint8)
    given = np.where(hole[..., None], mean, image)
    return cv2.inpaint(given[..., ::-1].copy(), hole.astype(np.uint8) * 255, 3, cv2.INPAINT_TELEA)[..., ::-1]


def test_a_folder_is_filled_in_order_and_its_start_is_told_apart(room, monkeypatch):
    """The clock says what a start of two seconds and half a second a picture would take."""
    real = _program.run_program

    def clocked(words, folder, environment, log, time_limit):
        ran = real(words, folder, environment, log, time_limit)
        return replace(ran, seconds=2 + 0.5 * len(list(Path(words[2]).iterdir())))

    monkeypatch.setattr(_program, "run_program", clocked)
    entry = {"kind": "command", "command": folder_program(room.folder / "fill.py")}
    made, measured = room.ask(entry)
    assert len(made) == 6
    for number, picture in enumerate(made):
        assert np.array_equal(picture, expected(room, number))
    assert (measured.startup, measured.seconds, measured.each) == (2, 3, [])
    assert measured.peak_memory > 20e6
    assert measured.returns == "composite" and any("composite" in note for note in measured.notes)
    _, measured = room.ask(entry, number=3)
    assert (measured.startup, measured.seconds) == (None, 3.5)
    assert any("could not be told from its pictures" in note for note in measured.notes)


def test_a_picture_at_a_time(room):
    entry = {"kind": "command", "command": one_program(room.folder / "fill.py")}
    made, measured = room.ask(entry, number=2)
    assert all(np.array_equal(picture, expected(room, number)) for number, picture in enumerate(made))
    assert len(measured.each) == 2 and measured.startup is None
    assert any("started for every picture" in note for note in measured.notes)


FINDINGS = {
    "leak": "in its trial it looks under the hole: other values under the hole change its answer there by",
    "half leak": "in its trial it looks under the hole",
    "polarity": "in its trial it takes the mask the wrong way round",
    "range": r"in its trial it answers from 0 to 1 where 0 to 255 is meant: \[0, 1\] was written as bytes",
    "channels": "in its trial it answers with red and blue exchanged: .* give RGB",
    "size": "it wrote 0000.png of 70×55 pixels for a picture of 72×56",
    "lossy": "it wrote 0000.jpg, which loses what is scored, in place of 0000.png; have it write PNG",
    "disguised": "it wrote 0000.png as JPEG, which loses what is scored; have it write PNG",
    "nothing": "in its trial it answers two different pictures alike, so that it fills no hole",
    "crash": "it ended with status 1, saying 'out of luck'",
    "endless": "it was ended after 3 seconds, its 'time_limit'",
    "killed": "it was ended by signal SIGKILL",
    "unnamed": r"it wrote no 0000.png, which 'outputs: \{stem\}.png' asks for; its folder holds 0000_filled.png",
    "no picture": "it wrote 0000.png, which cannot be read as a picture",
    "link": "it wrote 0000.png, which leads out of its folder; write files, no links",
    "talks": "it was ended because it said more than 50 MB|it wrote|nothing",
    "nowhere": "it wrote no 0000.png: its folder of predictions is empty",
}


@pytest.mark.slow
@pytest.mark.parametrize("how", [name for name in WRONG if name != "talks"])
def test_a_wrong_program_is_refused_with_what_was_found(room, how):
    command = folder_program(room.folder / "fill.py", **WRONG[how])
    with pytest.raises(LacunaError) as error:
        room.ask({"kind": "command", "command": command, "time_limit": 3.0 if how == "endless" else 60.0})
    said = str(error.value)
    assert re.search(FINDINGS[how], said), said
    assert said.startswith("system 'theirs' failed (") and said.endswith(f"its messages are in {room.folder}/log.txt")
    assert said.isprintable() and len(said) < 500


def test_a_program_with_black_holes_and_names_as_lama_has_them(room):
    program = room.folder / "fill.py"
    program.write_text(
        "import sys, pathlib, cv2\n"
        "inputs, predictions = map(pathlib.Path, sys.argv[1:3])\n"
        "for path in sorted(inputs.glob('*_mask001.png')):\n"
        "    image = cv2.imread(str(inputs / path.name.replace('_mask001', '')))\n"
        "    mask = 255 - cv2.imread(str(path), 0)\n"
        "    cv2.imwrite(str(predictions / path.name), cv2.inpaint(image, mask, 3, cv2.INPAINT_TELEA))\n"
    )
    names = {"masks": "{stem}_mask001.png", "outputs": "{stem}_mask001.png", "hole": "black"}
    entry = {"kind": "command", "command": [sys.executable, str(program), "{inputs}", "{predictions}"], **names}
    made, _ = room.ask(entry, number=3)
    assert all(np.array_equal(picture, expected(room, number)) for number, picture in enumerate(made))
    with pytest.raises(LacunaError, match="takes the mask the wrong way round"):
        room.ask({**entry, "hole": "white"})


def test_no_word_reaches_a_shell(room):
    command = folder_program(room.folder / "fill.py")
    hostile = ["$(touch made)", "; touch made", "`touch made`", "{not_a_place}", "a b"]
    probe = room.folder / "fill.py"
    probe.write_text(f"import sys\nassert sys.argv[4:] == {hostile!r}, sys.argv\n" + probe.read_text())
    made, _ = room.ask({"kind": "command", "command": [*command, *hostile], "folder": str(room.folder)}, number=1)
    assert len(made) == 1 and not (room.folder / "made").exists()


def test_an_absent_program_is_said_before_anything_runs(room):
    with pytest.raises(LacunaError, match="the program nosuch-program of system 'theirs' is not here; install it"):
        room.ask({"kind": "command", "command": ["nosuch-program", "{image}", "{mask}", "{prediction}"]})
    with pytest.raises(LacunaError, match="the folder .*gone of system 'theirs' does not exist; correct 'folder'"):
        room.ask({"kind": "command", "command": ["x", "{image}", "{mask}", "{prediction}"], "folder": "gone"})


def test_what_a_program_leaves_running_is_ended(room):
    program = room.folder / "fill.py"
    command = folder_program(program)
    pids = room.folder / "pids"
    program.write_text(
        "import subprocess\n"
        f"open({str(pids)!r}, 'a').write(str(subprocess.Popen(['sleep', '600']).pid) + '\\n')\n" + program.read_text()
    )
    room.ask({"kind": "command", "command": command}, number=1)
    time.sleep(0.1)
    for pid in pids.read_text().split():
        status = Path(f"/proc/{pid}/stat")
        assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_its_environment_is_found_first_and_made_of_a_conda_file_once(room, monkeypatch):
    monkeypatch.chdir(room.folder)
    one_program(room.folder / "fill.py")
    for place in ("theirs/bin", "tools"):
        (room.folder / place).mkdir(parents=True)
    runs = f'#!/bin/sh\necho "$0" >> {room.folder}/started\nexec {sys.executable} "$@"\n'
    executable(room.folder / "theirs/bin/their-python", runs)
    words = ["their-python", "fill.py", "{image}", "{mask}", "{prediction}"]
    assert len(room.ask({"kind": "command", "command": words, "environment": "theirs"}, number=1)[0]) == 1
    (room.folder / "env.yaml").write_text("name: theirs\n")
    # env create --yes --prefix P --file F
    executable(
        room.folder / "tools/conda",
        f'#!/bin/sh\necho "$@" >> {room.folder}/asked\nmkdir -p "$5/bin"\ncp {room.folder}/theirs/bin/* "$5/bin"\n',
    )
    with_conda = {"kind": "command", "command": words, "conda": "env.yaml"}
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(LacunaError, match="needs one of micromamba, mamba, conda, and none is here"):
        room.ask(with_conda)
    monkeypatch.setenv("PATH", f"{room.folder}/tools{os.pathsep}/usr/bin:/bin")
    for _ in range(2):
        assert len(room.ask(with_conda, number=1)[0]) == 1
    assert len((room.folder / "asked").read_text().splitlines()) == 1
    assert "results/environments" in (room.folder / "started").read_text()


def test_a_container_gets_two_folders_and_no_network(room, monkeypatch):
    monkeypatch.chdir(room.folder)
    one_program(room.folder / "fill.py")
    (room.folder / "tools").mkdir()
    asked = room.folder / "asked"
    executable(
        room.folder / "tools/apptainer",
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {asked}\nwhile [ "$1" != image.sif ]; do shift; done\nshift\nexec "$@"\n',
    )
    words = [sys.executable, "fill.py", "{image}", "{mask}", "{prediction}"]
    entry = {"kind": "command", "command": words, "container": "image.sif"}
    with pytest.raises(LacunaError, match="needs apptainer or singularity, and neither is here"):
        room.ask(entry)
    monkeypatch.setenv("PATH", f"{room.folder}/tools{os.pathsep}{os.environ['PATH']}")
    assert len(room.ask(entry, number=1)[0]) == 1
    said = asked.read_text().splitlines()
    assert said[:5] == ["exec", "--containall", "--net", "--network", "none"]
    assert said.count("--bind") == 2 and "--nv" not in said
    assert said[said.index("--pwd") + 1] == str(room.folder)


def test_the_memory_is_that_of_the_program_and_not_of_who_started_it(tmp_path):
    mine = np.ones(400_000_000, np.uint8)  # held while the program is started
    code = "import time; x = bytearray(b'1') * 90_000_000; del x; time.sleep(0.3)"
    ran = _program.run_program([sys.executable, "-c", code], tmp_path, dict(os.environ), tmp_path / "log", 60)
    assert 90e6 < ran.peak_memory < 200e6 < mine.nbytes
