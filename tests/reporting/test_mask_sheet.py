"""The sheet of masks: which are drawn, and how."""

import numpy as np
from PIL import Image
from scipy import ndimage

from lacuna.data.masks.building import make_masks
from lacuna.files import read_rows
from lacuna.reporting.figures.masks import MOST_DRAWN, chosen_rows, draw_masks

SETTINGS = {"name": "some", "coverage": [0.1, 0.6], "image_size": [40, 24], "seed": 3}


def test_the_first_mask_of_each_bin_is_drawn():
    bins = ["0.10-0.20", "0.01-0.10", "0.10-0.20", "0.20-0.30", "0.01-0.10"]
    rows = [{"file": str(i), "bin": each} for i, each in enumerate(bins)]
    assert [row["file"] for row in chosen_rows(rows)] == ["1", "0", "3"]
    of_one_bin = [{"file": str(i), "bin": "0.00-1.00"} for i in range(3)]
    assert chosen_rows(of_one_bin) == of_one_bin
    many = [{"file": str(i), "bin": f"{i / 100:.2f}-{i / 100 + 0.01:.2f}"} for i in range(20)]
    drawn = [int(row["file"]) for row in chosen_rows(many)]
    assert len(drawn) == MOST_DRAWN and drawn[0] == 0 and drawn[-1] == 19 and sorted(set(drawn)) == drawn


def test_the_sheet_shows_holes_in_white_and_has_the_same_bytes_twice(tmp_path):
    make_masks(SETTINGS | {"kind": "boxes", "bins": 5, "count": 10}, tmp_path / "boxes/index.csv")
    make_masks(
        SETTINGS | {"kind": "half", "coverage": [0, 1], "bins": 1, "count": 1, "options": {"side": "left"}},
        tmp_path / "half/index.csv",
    )
    indexes = [tmp_path / name / "index.csv" for name in ("boxes", "half")]
    draw_masks(indexes, tmp_path / "one.png")
    draw_masks(indexes, tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    picture = np.asarray(Image.open(tmp_path / "one.png").convert("L"))
    dark = abs(picture[len(picture) * 11 // 20 :].astype(int) - 60) < 3  # the second row: the half to the left is hole
    line = dark.sum(1).argmax()
    known = max(ndimage.find_objects(ndimage.label(dark[line])[0]), key=lambda run: run[0].stop - run[0].start)[0]
    wide = known.stop - known.start
    assert 20 < wide < picture.shape[1] / 4
    assert (picture[len(picture) * 11 // 20 + line, known.start - wide + 4 : known.start - 3] == 255).all()
    assert len(chosen_rows(read_rows(indexes[0]))) == 5
