"""Objects pasted on photographs: what is changed, what is not, and that picture, truth and mask find each other."""

import numpy as np
import pytest
from PIL import Image

from lacuna.data.cutouts import CUTOUTS, cut_out
from lacuna.data.lists import read_list, read_truths
from lacuna.data.packages import package_file
from lacuna.data.pasting import Pasting
from lacuna.data.splits import check_splits
from lacuna.errors import LacunaError
from lacuna.files import read_rows, sha256_of
from tests.steps import run_step

BACKGROUNDS = [
    "sklearn:datasets/images/china.jpg",
    "skimage:data/coffee.png",
    "skimage:data/lfw_subset.npy[3:5]",
    "skimage:data/camera.png",
]
SIZE = [56, 40]


def pasting(**changes) -> Pasting:
    return Pasting({"image_size": SIZE, "seed": 3, "images": BACKGROUNDS, **changes})


def test_only_what_the_mask_covers_is_changed_and_all_of_it_is_near_the_object():
    made = pasting(margin=3)
    for origin in made.origins():
        picture, background, mask = made.make(origin.name)
        assert picture.shape == background.shape == (40, 56, 3) and set(np.unique(mask)) == {0, 255}
        changed = (picture != background).any(axis=-1)
        assert not changed[mask == 0].any()
        rows, columns = np.nonzero(changed)
        of_mask = np.nonzero(mask)
        assert changed.any()
        for ends, wider in ((rows, of_mask[0]), (columns, of_mask[1])):
            assert ends.min() - 4 <= wider.min() < ends.min() or wider.min() == 0
            assert ends.max() + 4 >= wider.max() > ends.max() or wider.max() in (39, 55)


def test_a_margin_of_nothing_leaves_the_object_alone():
    name = next(iter(pasting().origins())).name
    without = next(iter(pasting(margin=0).origins())).name
    narrow, wide = pasting(margin=0).make(without), pasting().make(name)
    assert np.array_equal(narrow.picture, wide.picture)
    assert 0 < (narrow.mask > 0).sum() < (wide.mask > 0).sum() and not ((narrow.mask > 0) & (wide.mask == 0)).any()


def test_objects_have_their_size_and_are_never_on_their_own_photograph():
    small, large = (pasting(scale=[share, share], margin=0, cutouts=["cup"]) for share in (0.2, 0.6))
    for made, share in ((small, 0.2), (large, 0.6)):
        of_cup = [origin for origin in made.origins() if "coffee" not in origin.name]
        assert len(of_cup) == 4
        for origin in of_cup:
            rows, columns = np.nonzero(made.make(origin.name).mask)
            assert max(np.ptp(rows), np.ptp(columns)) + 1 == pytest.approx(share * 40, abs=1.5)
    coffee = next(origin.name for origin in small.origins() if "coffee" in origin.name)
    with pytest.raises(LacunaError, match="every object to be pasted on skimage:data/coffee.png was cut from it"):
        small.make(coffee)


@pytest.mark.parametrize("name", CUTOUTS)
def test_a_cutout_is_its_photograph_inside_the_outline(name):
    cutout, object_ = CUTOUTS[name], np.asarray(cut_out(name))
    path = package_file(cutout.photograph).path
    assert sha256_of(path) == cutout.sha256
    photograph = np.asarray(Image.open(path).convert("RGB"))
    corners = np.array(cutout.corners())
    left, top = np.maximum(corners.min(axis=0) - 3, 0)
    height, width = object_.shape[:2]
    where = [(y, x) for y in range(top, top + 6) for x in range(left, left + 6)]
    assert any(np.array_equal(photograph[y : y + height, x : x + width], object_[..., :3]) for y, x in where)
    alpha = object_[..., 3]
    assert alpha.max() == 255 and 0.2 < (alpha > 127).mean() < 0.95 and ((alpha > 0) & (alpha < 255)).any()


def test_the_flowers_outline_is_what_grabcut_finds():
    import cv2

    photograph = np.asarray(Image.open(package_file(CUTOUTS["flower"].photograph).path).convert("RGB"))
    found = np.full(photograph.shape[:2], cv2.GC_BGD, np.uint8)
    cv2.setRNGSeed(0)
    rectangle = (180, 60, 350, 320)
    cv2.grabCut(photograph[..., ::-1].copy(), found, rectangle, *np.zeros((2, 1, 65)), 2, cv2.GC_INIT_WITH_RECT)
    drawn = np.zeros(photograph.shape[:2], np.uint8)
    cv2.fillPoly(drawn, [np.array(CUTOUTS["flower"].corners())], 1)
    inside = (found == cv2.GC_FGD) | (found == cv2.GC_PR_FGD)
    assert (inside & (drawn > 0)).sum() / (inside | (drawn > 0)).sum() > 0.95


def test_another_file_has_no_outline(monkeypatch):
    other = CUTOUTS["coin"].__class__(CUTOUTS["coin"].photograph, "0" * 64, CUTOUTS["coin"].outline)
    monkeypatch.setitem(CUTOUTS, "coin", other)
    cut_out.cache_clear()
    with pytest.raises(LacunaError, match="not the picture that the outline of the coin was drawn on"):
        cut_out("coin")
    cut_out.cache_clear()


COMMON = {"kind": "pasted", "image_size": SIZE, "seed": 3, "images": BACKGROUNDS}


def made(folder, scale=(0.3, 0.4)) -> int:
    for name, shows in (("removed", "object"), ("clean", "background")):
        settings = {**COMMON, "name": name, "shows": shows, "crop": "center", "scale": [0.3, 0.4]}
        assert run_step("stage", settings, {}, {"index": folder / name / "index.csv"}) == 0
    masks = {**COMMON, "name": "objects", "coverage": [0, 1], "bins": 1, "scale": list(scale), "pairing": "by_name"}
    assert run_step("make_masks", masks, {}, {"index": folder / "objects/index.csv"}) == 0
    names = {"images": "removed", "masks": "objects", "truths": "clean"}
    inputs = {what: folder / name / "index.csv" for what, name in names.items()}
    settings = {"name": "removed", "mode": "paired", "seed": 3, "pairing": "by_name"}
    return run_step("pair", settings, inputs, {"list": folder / "list.txt"})


def test_pictures_truths_and_masks_find_each_other(tmp_path):
    assert made(tmp_path) == 0
    pairs, truths = read_list(tmp_path / "list.txt"), read_truths(tmp_path / "list.txt")
    assert len(pairs) == 5
    for each, truth in zip(pairs, truths, strict=True):
        picture, mask, clean = (np.asarray(Image.open(path)) for path in (each.image, each.mask, truth))
        changed = (picture != clean).any(axis=-1)
        assert changed.any() and not changed[mask == 0].any()
    known = {row["origin_sha256"] for row in read_rows(tmp_path / "removed/index.csv")}
    assert sha256_of(package_file("skimage:data/camera.png").path) in known
    with pytest.raises(LacunaError, match="is in the training set removed and in the evaluation set clean"):
        check_splits([tmp_path / "removed/index.csv"], [tmp_path / "clean/index.csv"])


def test_masks_of_other_settings_are_not_taken(tmp_path, capsys):
    assert made(tmp_path, scale=(0.3, 0.41)) != 0
    assert "has no mask" in capsys.readouterr().err
