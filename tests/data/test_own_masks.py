"""A folder of masks that belong to the pictures of their names, or of their places."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lacuna.files import read_json, read_rows
from tests.steps import run_step

NAMES = ["b", "a", "10", "9", "d", "c"]
STAGED = {"name": "i", "kind": "folder", "image_size": [24, 16], "seed": 1, "crop": "center"}
MASKED = {"name": "m", "kind": "folder", "image_size": [24, 16], "seed": 1, "coverage": [0.01, 0.9], "bins": 1}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Pictures of 30×16 with a white damage in different places, and masks of exactly that."""
    monkeypatch.chdir(tmp_path)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for i, name in enumerate(NAMES):
        picture, mask = np.full((16, 30, 3), 10 * i, np.uint8), np.zeros((16, 30), np.uint8)
        mask[2 * i : 2 * i + 3, 5 : 9 + i] = 255
        picture[mask == 255] = 255
        Image.fromarray(picture).save(f"images/{name}.png")
        Image.fromarray(mask).save(f"masks/{name}.png")
    return tmp_path


def run(stage=(), masks=(), pairing=None) -> int:
    how = {"pairing": pairing} if pairing else {}
    settings = {"stage": STAGED | {"path": "images"} | dict(stage)}
    settings["make_masks"] = MASKED | {"path": "masks"} | dict(masks) | how
    for step, output in (("stage", "si"), ("make_masks", "sm")):
        if run_step(step, settings[step], {}, {"index": f"{output}/index.csv"}):
            return 1
    indexes = {"images": "si/index.csv", "masks": "sm/index.csv"}
    return run_step("pair", {"name": "t", "mode": "paired"} | how, indexes, {"list": "list.txt"})


def right() -> list[bool]:
    """Whether each mask is exactly the damage of its picture."""
    pairs = [line.split("\t") for line in Path("list.txt").read_text().splitlines()]
    read = [[np.asarray(Image.open(path)) for path in pair] for pair in pairs]
    return [bool(((image[..., 0] > 200) == (mask == 255)).all()) for image, mask in read]


@pytest.mark.parametrize("pairing", ["by_name", "by_order"])
def test_each_picture_gets_its_own_mask(folders, pairing):
    assert run(pairing=pairing) == 0
    assert right() == [True] * len(NAMES)
    assert read_json("sm/card.json")["pairing"] == pairing


def test_dealt_masks_are_warned_about_where_the_names_match(folders, capsys):
    assert run() == 0
    assert not all(right())
    assert "6 of 6 photographs have a mask of their own name in sm" in capsys.readouterr().out
    assert {row["origin"] for row in read_rows("sm/index.csv")} == {f"{name}.png" for name in NAMES}
    for name in NAMES[:4]:
        (folders / f"masks/{name}.png").rename(folders / f"masks/other_{name}.png")
    assert run() == 0
    assert "warning" not in capsys.readouterr().out


def test_by_order_goes_by_the_sorted_names_whatever_they_are(folders):
    for i, name in enumerate(sorted(f"{name}.png" for name in NAMES)):
        (folders / "masks" / name).rename(folders / f"masks/{i}_{i}.png")
    assert run(pairing="by_order") == 0
    assert right() == [True] * len(NAMES)


def test_the_names_of_masks_may_end_in_mask(folders):
    for name in NAMES:
        (folders / f"masks/{name}.png").rename(folders / f"masks/{name}_mask001.png")
    assert run(pairing="by_name") == 0
    assert right() == [True] * len(NAMES)


def test_masks_beside_their_pictures_in_one_folder(folders, capsys):
    for name in NAMES:
        (folders / f"masks/{name}.png").rename(folders / f"images/{name}_mask.png")
    assert run(masks={"path": "images"}, pairing="by_name") == 0
    assert right() == [True] * len(NAMES)
    assert read_json("si/card.json")["passed_over"] == read_json("sm/card.json")["passed_over"] == 6
    assert "a_mask.png,passed over: the mask of a picture beside it" in (folders / "si/quarantine.csv").read_text()


def test_equal_masks_count_as_often_as_they_are_there(folders):
    for name in NAMES[1:]:
        (folders / f"masks/{name}.png").write_bytes((folders / f"masks/{NAMES[0]}.png").read_bytes())
    assert run() == 0
    assert len(read_rows("sm/index.csv")) == 6
    assert run(pairing="by_name") == 0


@pytest.mark.parametrize(
    ("prepare", "settings", "sentence"),
    [
        (lambda f: (f / "masks/a.png").unlink(), {"pairing": "by_name"}, "the photograph a.png of si has no mask"),
        (lambda f: (f / "masks/a.png").unlink(), {"pairing": "by_order"}, "si has 6 images and sm 5 masks"),
        (lambda f: None, {"pairing": "by_name", "masks": {"count": 4}}, "set count to null"),
        (lambda f: None, {"pairing": "by_name", "masks": {"coverage": [0.05, 0.9]}}, "outside the set's coverage"),
        (lambda f: None, {"pairing": "by_heart"}, "choose one of drawn, by_name, by_order"),
        (
            lambda f: None,
            {"pairing": "by_name", "stage": {"crop": "random", "crop_scale": [0.5, 0.6]}},
            "give both one size, and the image set crop: center",
        ),
    ],
)
def test_what_cannot_be_paired_is_one_sentence(folders, capsys, prepare, settings, sentence):
    prepare(folders)
    assert run(**settings) == 1
    assert sentence in capsys.readouterr().err
    assert not (folders / "list.txt").exists()
