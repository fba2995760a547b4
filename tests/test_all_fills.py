"""`lacuna inpaint --sheet`: which weights go with which system, what is drawn, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from lacuna import all_fills, systems
from lacuna.all_fills import Asked, contestants, fill_all, matched, plan_sheet
from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.inpainting import models
from lacuna.inpainting.jobs import Options
from lacuna.metrics import diversity as diversities
from tests.inpainting.made_up import box, noise, save


@pytest.fixture
def given(tmp_path, monkeypatch):
    """A picture and its mask on disk, in the working directory, and tiny weights of two systems."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "photo.png", noise(41, 67))
    save(tmp_path / "mask.png", box(41, 67))
    for name in ("tfill", "migan", "aotgan"):
        torch.manual_seed(1)
        settings = systems.system_class(name).small
        system = systems.create(name, **settings)
        with torch.no_grad():
            for key, parameter in system.network.named_parameters():
                parameter.mul_(3) if parameter.dim() > 1 else None
                if "noise" in key:  # its strength, which begins at 0
                    parameter.fill_(1)
        note = json.dumps({"system": name, "settings": settings})
        save_file(system.network.state_dict(), tmp_path / f"{name}.safetensors", {"lacuna": note})
    return tmp_path


def run(*words):
    return main(["inpaint", *map(str, words), "--threads", "1", "--device", "cpu", "--backbones", "nowhere"])


def ready(*names, samples=1, seed=0, said=None):
    asked = [Asked(name if name in ("telea", "mean_fill") else None, weights(name), {}) for name in names]
    return contestants(asked, samples, seed, 0, 1, None, (said if said is not None else []).append)


def weights(name):
    path = Path(f"{name}.safetensors")
    return path if path.exists() else None


def test_weights_go_to_the_systems_that_take_them_in_order():
    assert matched(["lama", "telea", "aotgan"], ["a", "b"], {"aotgan": {"width": 3}}) == [
        Asked("lama", "a", {}),
        Asked("telea", None, {}),
        Asked("aotgan", "b", {"width": 3}),
    ]
    assert matched([], ["a", "b"], {}) == [Asked(None, "a", {}), Asked(None, "b", {})]
    assert matched(["lama"], ["a"], {"width": 3}) == [Asked("lama", "a", {"width": 3})]
    assert matched(["telea"], [], {}) == [Asked("telea", None, {})]
    assert matched(["telea", "mean_fill"], [], {}) == [Asked("telea", None, {}), Asked("mean_fill", None, {})]


@pytest.mark.parametrize(
    ("names", "files", "settings", "sentence"),
    [
        (
            ["lama", "aotgan"],
            ["a"],
            {},
            "is given 1 times, but the systems that take weights are lama, aotgan; give one",
        ),
        (["lama", "aotgan"], [], {}, "is given 0 times"),
        (["lama"], ["a", "b"], {}, "is given 2 times, but the systems that take weights are lama;"),
        (["telea", "mean_fill"], ["a"], {}, "none of the systems takes weights; leave it out"),
        (["lama", "telea"], ["a"], {"width": 3}, "'width' is not settings of a system"),
        (["lama", "telea"], ["a"], {"tfill": {"width": 3}}, "'tfill' is not settings of a system"),
        (["lama", "tele"], ["a"], {}, "did you mean 'telea'"),
    ],
)
def test_what_does_not_match_is_refused(names, files, settings, sentence):
    with pytest.raises(LacunaError, match=sentence):
        matched(names, files, settings)


def test_a_system_that_is_there_twice_is_told_apart(given):
    names = [each.name for each in ready("aotgan", "aotgan", "telea", "telea", "mean_fill")]
    assert names == ["aotgan (aotgan)", "aotgan (aotgan) 2", "telea", "telea 2", "mean_fill"]


def test_systems_that_draw_have_a_fill_for_every_seed_and_others_say_so(given):
    said = []
    found = ready("telea", "tfill", "aotgan", "migan", samples=3, seed=5, said=said)
    assert [each.seeds for each in found] == [(5,), (5, 6, 7), (5,), (5, 6, 7)]
    assert found[1].heads == ["tfill\nsample 1", "tfill\nsample 2", "tfill\nsample 3"] and found[0].heads == ["telea"]
    assert [sentence.split(",")[0] for sentence in said] == [
        "'telea' does not draw",
        "'aotgan' does not draw",
        "'migan' draws with its setting 'noise_in_prediction' at true",
    ]
    assert not ready("migan")[0].model.draws  # for one sample it stays as its authors have it
    asked = [Asked(None, weights("migan"), {"noise_in_prediction": False})]
    assert contestants(asked, 3, 0, 0, 1, None)[0].seeds == (0,)


def test_seeds_decide_what_is_drawn(given):
    (tfill,) = ready("tfill", samples=2)
    image, hole = noise(41, 67), box(41, 67)
    first, again, other = (tfill.model.with_seed(seed).predict(image, hole) for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()
    assert (tfill.model.predict(image, hole) == first).all()
    telea = models.load("telea")
    assert telea.with_seed(3) is telea


def test_the_sheet_and_the_fills_are_written(given, capsys, monkeypatch):
    monkeypatch.setattr(diversities, "at_hand", lambda *_: None)
    seen = []
    monkeypatch.setattr(diversities, "diversity", lambda pictures, hole, backbones: seen.append(pictures) or 0.1234)
    words = ["photo.png", "mask.png", "--system", "telea", "--system", "tfill", "--weights", "tfill.safetensors"]
    assert run(*words, "--samples", "2", "--sheet", "sheet.png", "-o", "kept") == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith("photo.png: telea, ") and lines[1].startswith("photo.png: tfill, 2 samples, ")
    assert lines[1].endswith("s each (cpu), diversity 0.1234")
    assert lines[2] == "sheet.png: 3 fills of 1 picture by 2 systems"
    assert said.err == "note: 'telea' does not draw, so that every seed gives the same fill; it is made once\n"
    kept = sorted(path.name for path in (given / "kept").iterdir())
    assert kept == ["photo_telea.png", "photo_tfill_sample1.png", "photo_tfill_sample2.png"]
    fills = [np.asarray(Image.open(given / "kept" / name)) for name in kept]
    hole, photo = box(41, 67), noise(41, 67)
    assert all((fill[~hole] == photo[~hole]).all() for fill in fills) and (fills[1] != fills[2]).any()
    assert all((picture == fill).all() for picture, fill in zip(seen[0], fills[1:], strict=True))
    drawn = np.asarray(Image.open("sheet.png").convert("RGB"))
    for fill in fills:  # enlarged three times, see tests/reporting/test_sheet.py
        row = fill[20].repeat(3, 0)
        assert any((drawn[y, x : x + len(row)] == row).all() for y, x in zip(*starts(drawn, row[0]), strict=True))


def starts(drawn, colour):
    return np.nonzero((drawn == colour).all(2))


def test_a_folder_has_a_row_for_each_picture_and_one_that_fails_does_not_stop_the_others(given, capsys):
    for name in ("photos", "masks"):
        (given / name).mkdir()
    for seed, name in enumerate("ab"):
        save(given / f"photos/{name}.png", noise(41, 67, seed=seed))
        save(given / f"masks/{name}.png", box(41, 67))
    (given / "photos/c.png").write_bytes(b"no picture")
    save(given / "masks/c.png", box())
    assert run("photos", "masks", "--system", "telea", "--system", "mean_fill", "--sheet", "sheet.png") == 1
    said = capsys.readouterr()
    assert "sheet.png: 4 fills of 3 pictures by 2 systems" in said.out
    assert "not filled: photos/c.png cannot be read" in said.err and "2 fills failed" in said.err
    assert Image.open("sheet.png").height > 4 * 41


def test_a_small_hole_is_shown_closer(given):
    shown = []
    for across in (17, 34):
        save(given / "mask.png", box(41, 67, across=across))
        jobs, _ = plan_sheet(Path("photo.png"), Path("mask.png"), Path("sheet.png"), None, ".png")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(all_fills, "draw_sheet", lambda heads, rows, *_: shown.append([row.label for row in rows]))
            fill_all(jobs, ready("telea"), Options(), Path("sheet.png"), False, "nowhere", print, print)
    assert shown == [["photo.png", "closer"], ["photo.png"]]


def test_without_its_network_diversity_is_left_out_and_said_once(given, capsys, monkeypatch):
    def unreachable(*_):
        raise LacunaError("no network")

    monkeypatch.setattr(diversities, "at_hand", unreachable)
    words = ["photo.png", "mask.png", "--system", "tfill", "--weights", "tfill.safetensors"]
    assert run(*words, "--samples", "2", "--sheet", "sheet.png") == 0
    said = capsys.readouterr()
    assert said.err == "note: the diversity of samples is left out: no network\n" and "diversity" not in said.out


def test_one_system_with_one_sample_has_a_sheet_too(given, capsys):
    assert run("photo.png", "mask.png", "--system", "telea", "--sheet", "sheet.png") == 0
    assert capsys.readouterr().err == "" and (given / "sheet.png").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("photo.png", "mask.png"), "no output is named"),
        (("photo.png", "mask.png", "-o", "out.png", "--samples", "2"), "add --sheet"),
        (("photo.png", "mask.png", "-o", "out.png", "--system", "mean_fill"), "add --sheet"),
        (("photo.png", "mask.png", "--sheet", "sheet.jpg"), "end its name with .png"),
        (("photo.png", "mask.png", "--sheet", "none/sheet.png"), "the folder none for the sheet does not exist"),
        (("photo.png", "mask.png", "--sheet", "sheet.png", "-o", "none/a"), "the folder none for the folder of fills"),
        (("photo.png", "mask.png", "--sheet", "photo.png"), "would replace photo.png itself"),
        (("photo.png", "mask.png", "--sheet", "mask.png"), "would replace mask.png itself"),
        (("photo.png", "mask.png", "--sheet", "folder.png"), "the sheet folder.png is a folder"),
        (("photo.png", "mask.png", "--sheet", "sheet.png", "-o", "mask.png"), "the output mask.png is a file"),
        (("-", "mask.png", "--sheet", "sheet.png"), "made of files"),
        (("photo.png", "none.png", "--sheet", "sheet.png"), "the file none.png does not exist"),
        (("photo.png", "folder.png", "--sheet", "sheet.png"), "the mask folder.png is a folder"),
        (("folder.png", "mask.png", "--sheet", "sheet.png", "-o", "folder.png"), "would lie among the files"),
        (("photo.png", "photo.png", "--sheet", "sheet.png"), "are one and the same"),
        (("photo.png", "mask.png", "--sheet", "sheet.png", "--skip-existing"), "leave out --skip-existing"),
        (
            ("photo.png", "mask.png", "--sheet", "sheet.png", "--weights", "a", "--weights", "b"),
            "none of the systems takes weights",
        ),
        (("photo.png", "black.png", "--sheet", "sheet.png"), "the mask black.png is empty"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(given, capsys, words, sentence):
    (given / "folder.png").mkdir()
    save(given / "black.png", box(41, 67) & False)
    before = {path: path.read_bytes() for path in given.rglob("*") if path.is_file()}
    assert run(*words, "--system", "telea") == 1
    said = capsys.readouterr()
    assert said.err.startswith("lacuna inpaint: ") and sentence in said.err and said.err.count("\n") == 1
    assert {path: path.read_bytes() for path in given.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_the_command_line_takes_systems_and_weights_several_times(given):
    words = "inpaint photo.png mask.png --system tfill --system aotgan --weights tfill.safetensors --weights"
    words += " aotgan.safetensors --sheet sheet.png --threads 1 --device cpu"
    done = subprocess.run([sys.executable, "-m", "lacuna", *words.split()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "sheet.png: 2 fills of 1 picture by 2 systems" in done.stdout
