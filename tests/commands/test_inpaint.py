import io
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from lacuna.cli import main
from lacuna.commands import inpaint
from tests.inpainting.made_up import box, noise, save


@pytest.fixture
def given(tmp_path, monkeypatch):
    """A picture and its mask on disk, in the working directory."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "photo.png", noise())
    save(tmp_path / "mask.png", box())
    return tmp_path


def run(*words, system="navier_stokes"):
    return main(["inpaint", *map(str, words), "--system", system, "--threads", "1", "--device", "cpu"])


def test_one_picture(given, capsys):
    assert run("photo.png", "mask.png", "-o", "out.png") == 0
    out = np.asarray(Image.open("out.png"))
    assert (out[~box()] == noise()[~box()]).all() and (out[box()] != noise()[box()]).any()
    said = capsys.readouterr()
    assert said.out.startswith("out.png: 53×37 pixels, 9.5% filled by navier_stokes in ") and said.err == ""


def test_notes_go_to_standard_error(given, capsys):
    assert run("photo.png", "mask.png", "-o", "out.jpg", "--invert-mask") == 0
    assert "note: JPEG is lossy" in capsys.readouterr().err
    assert run("photo.png", "mask.png", "-o", "out.png", "--dilate", "16") == 0
    assert "if white is what to keep, add --invert-mask" in capsys.readouterr().err


def test_pipes(given):
    words = ["inpaint", "-", "mask.png", "-o", "-", "--system", "mean_fill", "--format", "webp"]
    photo = (given / "photo.png").read_bytes()
    done = subprocess.run([sys.executable, "-m", "lacuna", *words], input=photo, capture_output=True, check=True)
    result = Image.open(io.BytesIO(done.stdout))
    assert result.format == "WEBP"
    assert (np.asarray(result.convert("RGB"))[~box()] == noise()[~box()]).all()
    assert b"filled by mean_fill" in done.stderr
    done = subprocess.run([sys.executable, "-m", "lacuna", *words], input=photo[:99], capture_output=True)
    assert done.returncode == 1 and done.stdout == b""
    assert done.stderr.startswith(b"lacuna inpaint: standard input cannot be read") and done.stderr.count(b"\n") == 1


def test_a_folder(given, capsys):
    (given / "in").mkdir()
    (given / "masks").mkdir()
    for i, name in enumerate(("a.jpg", "b.png")):
        save(given / "in" / name, noise(seed=i))
        save(given / "masks" / f"{name[0]}.png", box(top=7 + i))
    assert run("in", "masks", "-o", "out") == 0
    assert sorted(path.name for path in (given / "out").iterdir()) == ["a.png", "b.png"]
    out = np.asarray(Image.open("out/b.png"))
    assert (out[~box(top=8)] == noise(seed=1)[~box(top=8)]).all()
    assert "2 pictures filled by navier_stokes" in capsys.readouterr().out


def test_in_a_folder_one_bad_picture_does_not_stop_the_others(given, capsys):
    (given / "in").mkdir()
    save(given / "in" / "a.png", noise())
    (given / "in" / "b.png").write_bytes(b"no picture")
    save(given / "in" / "c.png", noise(30, 20))
    save(given / "in" / "d.tif", noise(), dpi=(2**32 - 1, 2**32 - 1))  # more than a PNG can say
    save(given / "in" / "e.jpg", noise())
    assert run("in", "mask.png", "-o", "out") == 1
    said = capsys.readouterr()
    assert sorted(path.name for path in (given / "out").iterdir()) == ["a.png", "e.png"]
    assert "b.png cannot be read" in said.err and "53×37 pixels and the picture 20×30" in said.err
    assert "not filled: out/d.png cannot be written as PNG" in said.err
    assert said.err.strip().splitlines()[-1].startswith("lacuna inpaint: 3 of 5 pictures failed")


def test_in_a_folder_one_name_that_becomes_too_long_does_not_stop_the_others(given, capsys):
    (given / "in").mkdir()
    save(given / "in" / f"{'x' * 251}.jpg", noise())  # 255 bytes, the most that a name may have; .webp is one more
    save(given / "in" / "y.png", noise(seed=1))
    (given / "out").mkdir()
    assert run("in", "mask.png", "-o", "out", "--format", "webp") == 1
    said = capsys.readouterr().err
    assert [path.name for path in (given / "out").iterdir()] == ["y.webp"]
    assert "xx.webp cannot be written (File name too long)" in said and "1 of 2 pictures failed" in said


def test_a_folder_that_cannot_be_made_is_one_sentence(given, capsys):
    (given / "in").mkdir()
    save(given / "in" / "a.png", noise())
    (given / "out").symlink_to(given / "nowhere")  # as a disk that is not mounted leaves behind
    assert run("in", "mask.png", "-o", "out") == 1
    said = capsys.readouterr().err
    assert said.startswith("lacuna inpaint: out cannot be used (File exists); ") and said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("photo.png", "none.png", "-o", "out.png"), "the file none.png does not exist"),
        (("none.png", "mask.png", "-o", "out.png"), "the file none.png does not exist"),
        (("photo.png", "mask.png", "-o", "none/out.png"), "the folder none for the output does not exist"),
        (("photo.png", "mask.png", "-o", "out.gif"), "no suffix that is known"),
        (("photo.png", "mask.png", "-o", "folder"), "the output folder is a folder"),
        (("photo.png", "folder", "-o", "out.png"), "the mask folder is a folder"),
        (("folder", "mask.png", "-o", "photo.png"), "so the output must be a folder"),
        (("folder", "mask.png", "-o", "-"), "so the output must be a folder"),
        (("folder", "mask.png", "-o", "out"), "no image in the folder"),
        (("-", "-", "-o", "out.png"), "cannot both come from standard input"),
        (("photo.png", "mask.png", "-o", "photo.png"), "would replace photo.png itself"),
        (("photo.png", "mask.png", "-o", "./mask.png"), "would replace mask.png itself"),
        (("photo.png", "mask.png", "-o", "out.png", "--settings", "{"), "--settings is not valid JSON"),
        (("photo.png", "mask.png", "-o", "out.png", "--settings", "[1]"), "write names and values"),
        (("photo.png", "mask.png", "-o", "-", "--format", "gif"), "no suffix that is known"),
        (("photo.png", "black.png", "-o", "out.png"), "the mask black.png is empty"),
        (("photo.png", "black.png", "-o", "out.png", "--invert-mask"), "the mask black.png covers the whole picture"),
        (("photo.png", "small.png", "-o", "out.png"), "make them one size"),
        (("see_through.png", "mask.png", "-o", "out.jpg"), "see_through.png has transparent pixels"),
        (("cut.png", "mask.png", "-o", "out.png"), "cut.png cannot be read"),
        (("photo.png", "cut.png", "-o", "out.png"), "the mask cut.png cannot be read"),
        (("photo.png", "mask.png", "-o", "out.png", "--tile", "3"), "a tile of 3 pixels is too small"),
        (("photo.png", "mask.png", "-o", "out.png", "--device", "cpu", "--weights", "photo.png"), "has no weights"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(given, capsys, words, sentence):
    (given / "folder").mkdir()
    save(given / "black.png", box() & False)
    save(given / "small.png", box(30, 20))
    save(given / "see_through.png", noise(channels=4))
    (given / "cut.png").write_bytes((given / "photo.png").read_bytes()[:500])
    before = {path: path.read_bytes() for path in given.rglob("*") if path.is_file()}
    assert run(*words) == 1
    said = capsys.readouterr()
    assert said.err.startswith("lacuna inpaint: ") and sentence in said.err and said.err.count("\n") == 1
    assert said.out == ""
    assert {path: path.read_bytes() for path in given.rglob("*") if path.is_file()} == before


def test_a_picture_is_replaced_only_if_asked_to(given):
    assert run("photo.png", "mask.png", "-o", "photo.png", "--force") == 0
    assert (np.asarray(Image.open("photo.png"))[~box()] == noise()[~box()]).all()
    assert (np.asarray(Image.open("photo.png"))[box()] != noise()[box()]).any()


def test_no_picture_is_sent_to_a_terminal(given, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: True))
    assert run("photo.png", "mask.png", "-o", "-") == 1
    assert "would go to the terminal" in capsys.readouterr().err


def test_the_help_says_what_the_module_says(capsys):
    with pytest.raises(SystemExit):
        main(["inpaint", "--help"])
    assert " ".join(inpaint.__doc__.splitlines()[0].split()) in " ".join(capsys.readouterr().out.split())


@pytest.fixture
def folders(given):
    """Pictures of three formats, and their masks."""
    (given / "in").mkdir()
    (given / "masks").mkdir()
    for i, name in enumerate(("a.jpg", "b.png", "c.bmp")):
        save(given / "in" / name, noise(seed=i))
        save(given / "masks" / f"{name[0]}.png", box(top=7 + i))
    return given


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_there_already_is_left_if_asked_to(folders, capsys):
    assert run("in", "masks", "-o", "out") == 0
    (folders / "out/a.png").write_bytes(b"mine")
    (folders / "out/b.png").unlink()
    capsys.readouterr()
    assert run("in", "masks", "-o", "out", "--skip-existing") == 0
    said = capsys.readouterr()
    assert "note: 2 of 3 results are there already and are left" in said.err and "1 pictures filled" in said.out
    assert (folders / "out/a.png").read_bytes() == b"mine" and names(folders / "out") == ["a.png", "b.png", "c.png"]
    assert run("in", "masks", "-o", "out", "--skip-existing") == 0
    assert "3 of 3 results are there already" in capsys.readouterr().err


def test_results_in_the_format_of_their_pictures(folders):
    assert run("in", "masks", "-o", "out", "--format", "input") == 0
    assert names(folders / "out") == ["a.jpg", "b.png", "c.png"]
    assert Image.open(folders / "out/a.jpg").format == "JPEG"
    words = ["inpaint", "-", "mask.png", "-o", "-", "--system", "mean_fill", "--format", "input"]
    photo = (folders / "in/a.jpg").read_bytes()
    done = subprocess.run([sys.executable, "-m", "lacuna", *words], input=photo, capture_output=True, check=True)
    assert Image.open(io.BytesIO(done.stdout)).format == "JPEG"


def test_results_do_not_lie_where_the_next_call_reads(folders, capsys):
    for output in ("in", "./masks"):
        before = names(folders / output)
        assert run("in", "masks", "-o", output) == 1
        assert "where the next call would read them" in capsys.readouterr().err
        assert names(folders / output) == before
    assert run("in", "masks", "-o", "in", "--format", "input", "--force") == 0


def test_progress_without_a_terminal_is_a_line_now_and_then(folders, capsys, monkeypatch):
    monkeypatch.setattr(inpaint, "EVERY", 0)
    assert run("in", "masks", "-o", "out") == 0
    said = capsys.readouterr().err
    assert "1 of 3 pictures, about 0 s left\n2 of 3 pictures, about 0 s left\n" in said
    monkeypatch.setattr(inpaint, "EVERY", 3600)
    assert run("in", "masks", "-o", "out") == 0
    assert capsys.readouterr().err == ""


def test_threads_do_not_spin_where_others_have_the_cores(given, monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    code = (
        "import os, sys; from lacuna.cli import main; from lacuna.inpainting import models; "
        "models.load = lambda *_, **__: sys.exit(os.environ['OMP_WAIT_POLICY'] + str('torch' in sys.modules)); "
        "main(['inpaint', 'photo.png', 'mask.png', '-o', 'out.png'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == "passiveFalse"


def test_masks_beside_their_pictures_are_no_pictures(given, capsys):
    (given / "in").mkdir()
    for i, name in enumerate("ab"):
        save(given / "in" / f"{name}.png", noise(seed=i))
        save(given / "in" / f"{name}_mask.png", box(top=7 + i))
    assert run("in", "in", "-o", "out") == 0
    said = capsys.readouterr()
    assert "2 pictures filled" in said.out and "a_mask.png (the mask of a picture)" in said.err
    assert sorted(path.name for path in (given / "out").iterdir()) == ["a.png", "b.png"]
    for i, name in enumerate("ab"):
        out = np.asarray(Image.open(f"out/{name}.png"))
        assert (out[~box(top=7 + i)] == noise(seed=i)[~box(top=7 + i)]).all()
        assert (out[box(top=7 + i)] != noise(seed=i)[box(top=7 + i)]).any()


@pytest.mark.parametrize("other", ["photo.png", "soft.png", "hard.png", "copy.png"])
def test_no_picture_is_its_own_mask(given, capsys, other):
    (given / "soft.png").symlink_to("photo.png")
    (given / "hard.png").hardlink_to(given / "photo.png")
    (given / "copy.png").write_bytes((given / "photo.png").read_bytes())
    assert run("photo.png", other, "-o", "out.png") == 1
    assert "are one and the same" in capsys.readouterr().err and not (given / "out.png").exists()
    for folder in ("in", "masks"):
        (given / folder).mkdir()
    (given / "in/a.png").hardlink_to(given / "photo.png")
    (given / "masks/a.png").symlink_to(given / other)
    assert run("in", "masks", "-o", "out") == 1
    assert "are one and the same" in capsys.readouterr().err and not (given / "out").exists()
