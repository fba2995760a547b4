"""Truths that are other pictures: paired by name, of the same part, and asked for only where it makes sense."""

import copy
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from lacuna.config import validate
from lacuna.data.lists import read_list, read_truths
from lacuna.data.truths import scored, truths_of_sets
from lacuna.errors import LacunaError
from tests.steps import run_step

NAMES = ["b", "a", "10"]
STAGED = {"kind": "folder", "image_size": [24, 16], "seed": 1, "crop": "center"}
MASKED = {
    "name": "m",
    "kind": "boxes",
    "image_size": [24, 16],
    "seed": 1,
    "coverage": [0.1, 0.5],
    "bins": 1,
    "count": 3,
}


def picture(number: int, width: int = 30) -> np.ndarray:
    values = np.full((16, width, 3), 40 * number, np.uint8)
    values[:3, :5] = 7
    return values


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Three pictures, and their truths, a level brighter, under the same names and other endings."""
    monkeypatch.chdir(tmp_path)
    for folder in ("seen", "true"):
        (tmp_path / folder).mkdir()
    for number, name in enumerate(NAMES):
        Image.fromarray(picture(number)).save(f"seen/{name}.png")
        Image.fromarray(picture(number) + 1).save(f"true/{name}.bmp")


def pair() -> int:
    for name in ("seen", "true"):
        assert run_step("stage", STAGED | {"name": name, "path": name}, {}, {"index": f"s_{name}/index.csv"}) == 0
    assert run_step("make_masks", MASKED, {}, {"index": "m/index.csv"}) == 0
    inputs = {"images": "s_seen/index.csv", "masks": "m/index.csv", "truths": "s_true/index.csv"}
    return run_step("pair", {"name": "t", "mode": "paired"}, inputs, {"list": "list.txt"})


def test_each_picture_has_the_truth_of_its_name(folders):
    assert pair() == 0
    pairs, truths = read_list("list.txt"), read_truths("list.txt")
    assert len(truths) == 3 and all(truth.startswith("s_true/") for truth in truths)
    for each, truth in zip(pairs, truths, strict=True):
        seen, true = (np.asarray(Image.open(path)).astype(int) for path in (each.image, truth))
        assert (true - seen == 1).all()


def test_a_list_without_truths_has_its_images_for_them(folders):
    assert pair() == 0
    lines = [line.rpartition("\t")[0] for line in Path("list.txt").read_text().splitlines()]
    Path("two.txt").write_text("\n".join(lines) + "\n")
    assert read_truths("two.txt") == [each.image for each in read_list("two.txt")]


def test_a_missing_truth_and_another_part_are_said(folders, capsys):
    Path("true/a.bmp").rename("true/aa.bmp")
    assert pair() != 0
    assert (
        "the photograph a.png of s_seen has no picture (the nearest there is aa) of its name" in capsys.readouterr().err
    )
    Image.fromarray(picture(1, 40)).save("true/a.bmp")
    Path("true/aa.bmp").unlink()
    assert pair() != 0
    assert "the truth a.bmp of s_true was cut to" in capsys.readouterr().err


def config(**changes) -> dict:
    """The default config with keys of its test set `paris_test`, and a set `clean`."""
    found = copy.deepcopy(yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text()))
    found["image_sets"]["clean"] = {"kind": "folder", "path": "clean"}
    found["image_sets"]["paris_test"] |= {"truth": "clean"} | changes
    return found


def test_what_a_config_may_say():
    validate(config(crop="center", count=1))
    with pytest.raises(LacunaError, match="give 'paris_test' crop: center and no recolour"):
        validate(config())
    with pytest.raises(LacunaError, match="adaptation.test_sets names 'paris_test', whose truth"):
        asked = {"experiments": ["combination_I"], "test_sets": ["paris_test"]}
        validate(config(crop="center", count=1) | {"adaptation": asked})
    known = {"a": {"truth": "b"}, "b": {}, "c": {"truth": "none"}, "d": {}}
    assert scored(known, ["a", "c", "d"]) == ["a", "d"] and truths_of_sets(known, ["a", "c", "d"]) == {"a": "b"}
