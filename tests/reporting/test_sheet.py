"""The sheet of fills: every picture is there, in its place, by its own pixels."""

import numpy as np
import pytest
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.reporting import sheet
from lacuna.reporting.sheet import Fill, SheetRow, draw_sheet
from lacuna.reporting.style import HOLE


def noise(height: int, width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def a_row(height: int = 190, width: int = 140, fills: int = 2, **other) -> SheetRow:
    """A row of noise with an asymmetric hole; the pictures of a row have the seeds 0, 1, 2, … ."""
    hole = np.zeros((height, width), bool)
    hole[5 : height // 2, 3 : width // 4] = True
    filled = [Fill(noise(height, width, number + 1), f"{number}.5 s") for number in range(fills)]
    return SheetRow("a photograph", noise(height, width, 0), hole, filled, **other)


def place(drawn: np.ndarray, picture: np.ndarray) -> tuple[int, int]:
    """Where the picture lies in the sheet, pixel by pixel: top and left; it must lie there once."""
    height, width = picture.shape[:2]
    rows, columns = np.nonzero((drawn[: 1 - height or None, : 1 - width or None] == picture[0, 0]).all(2))
    found = [
        (top, left)
        for top, left in zip(rows.tolist(), columns.tolist(), strict=True)
        if (drawn[top : top + height, left : left + width] == picture).all()
    ]
    assert len(found) == 1
    return found[0]


def read(path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_pictures_stand_in_order_with_their_own_pixels(tmp_path):
    truth = noise(190, 140, 9)
    row = a_row(truth=truth)
    draw_sheet(["lama", "tfill, sample 1"], [row], tmp_path / "sheet.png", title="one hole")
    drawn = read(tmp_path / "sheet.png")
    hidden = row.picture.copy()
    hidden[row.hole] = HOLE
    places = [place(drawn, each) for each in (hidden, *(fill.picture for fill in row.fills), truth)]
    assert len({top for top, _ in places}) == 1
    steps = np.diff([left for _, left in places])
    assert (steps == steps[0]).all() and steps[0] == 140 + sheet.GAP
    top, left = places[0]
    for where, what in (
        (drawn[: top - 3], "heads and title"),
        (drawn[top + 190 + 2 :, places[1][1] :], "notes"),
        (drawn[top:, : left - 4], "label"),
    ):
        assert (where.mean(2) < 100).any(), what


def test_rows_of_other_shapes_and_without_some_pictures(tmp_path):
    low = a_row(fills=1, height=101, width=255)
    other = SheetRow("another", low.picture[::-1], low.hole[::-1], [*low.fills, None], low.picture)
    draw_sheet(["a", "b"], [a_row(height=255, width=131), other], tmp_path / "sheet.png")
    drawn = read(tmp_path / "sheet.png")
    above = place(drawn, noise(255, 131, 1))
    below = place(drawn, low.picture)  # the truth of the second row
    assert below[0] > above[0] + 255 and below[1] > above[1]
    empty = drawn[below[0] : below[0] + 101, below[1] - sheet.GAP - 255 : below[1] - sheet.GAP]
    assert (empty == 255).all()


def test_small_pictures_are_enlarged_by_a_whole_factor_and_large_ones_reduced(tmp_path):
    small = a_row(height=60, width=41)
    draw_sheet(["a", "b"], [small], tmp_path / "small.png")
    place(read(tmp_path / "small.png"), small.fills[1].picture.repeat(4, 0).repeat(4, 1))
    large = a_row(height=300, width=1000, fills=1)
    draw_sheet(["a"], [large], tmp_path / "large.png")
    as_drawn = Image.fromarray(large.fills[0].picture).resize((256, 77), Image.Resampling.LANCZOS)
    place(read(tmp_path / "large.png"), np.asarray(as_drawn))


def test_the_hole_can_be_shown_closer(tmp_path):
    row = a_row()
    closer = row.closer("closer", room=0.1)
    top, bottom, right = 0, 95 + 9, 35 + 9  # a tenth of the box's longer side of 90, as far as the picture goes
    assert closer.picture.shape == (bottom - top, right, 3)
    assert (closer.fills[1].picture == row.fills[1].picture[top:bottom, :right]).all()
    assert (closer.hole == row.hole[top:bottom, :right]).all() and closer.fills[0].note == ""
    assert row.closer("closer", notes=True).fills[1].note == "1.5 s"


@pytest.mark.parametrize("size", [(300, 411), (40, 61), (256, 130)])
def test_a_row_that_was_shrunk_is_drawn_the_same(tmp_path, size):
    row = a_row(*size, truth=noise(*size, 5), note="a hole")
    draw_sheet(["a", "b"], [row], tmp_path / "one.png")
    draw_sheet(["a", "b"], [row.shrunk()], tmp_path / "two.png")
    assert max(row.shrunk().fills[0].picture.shape) <= 256
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_sheet_has_the_same_bytes_twice_and_no_formulas(tmp_path):
    row = a_row()
    for name in ("one.png", "two.png"):
        draw_sheet(["$x$", "b" * 90], [row], tmp_path / name, title="a $\\frac{$")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_what_does_not_fit_together_is_refused(tmp_path, monkeypatch):
    row = a_row()
    with pytest.raises(LacunaError, match="'a photograph' has 2 fills for 1 columns"):
        draw_sheet(["a"], [row], tmp_path / "sheet.png")
    with pytest.raises(LacunaError, match="without a picture"):
        draw_sheet([], [], tmp_path / "sheet.png")
    with pytest.raises(LacunaError, match=r"uint8 \(190, 141, 3\) beside \(190, 140, 3\)"):
        SheetRow("x", row.picture, row.hole, [Fill(noise(190, 141, 1))])
    with pytest.raises(LacunaError, match="float64"):
        SheetRow("x", row.picture, row.hole, [], truth=row.picture / 255)
    with pytest.raises(LacunaError, match="bool"):
        SheetRow("x", row.picture, row.hole.astype(np.uint8), [])
    monkeypatch.setattr(sheet, "MOST_PIXELS", 300)
    with pytest.raises(LacunaError, match="fewer pictures"):
        draw_sheet(["a", "b"], [row], tmp_path / "sheet.png")
    assert not list(tmp_path.iterdir())
