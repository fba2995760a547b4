import numpy as np
import pytest

from lacuna.inpainting.tiles import Window, parts, weight
from tests.inpainting.made_up import box, strokes


def all_windows(found):
    return [window for part in found for window in part.windows]


def test_what_fits_into_a_tile_is_one_window():
    hole = box()
    for tile in (None, (37, 53), (64, 64)):
        numbers, found = parts(hole, tile, 8)
        assert all_windows(found) == [Window(0, 0, 37, 53)]
        assert ((numbers > 0) == hole).all()


def test_a_small_hole_lies_in_the_middle_of_its_own_window():
    hole = box(300, 410, top=100, left=250, down=20, across=30)
    _, found = parts(hole, (64, 96), 16)
    (window,) = all_windows(found)
    assert (window.height, window.width) == (64, 96)
    assert abs(window.top + 32 - 110) <= 1 and abs(window.left + 48 - 265) <= 1


def test_at_the_picture_s_edge_the_window_stays_inside():
    hole = box(300, 410, top=288, left=0, down=12, across=9)
    _, found = parts(hole, (64, 64), 16)
    assert all_windows(found) == [Window(236, 0, 64, 64)]


def test_holes_beside_each_other_share_a_window_and_far_ones_do_not():
    hole = box(300, 410, top=100, left=250) | box(300, 410, top=120, left=270) | box(300, 410, top=10, left=12)
    _, found = parts(hole, (96, 96), 8)
    assert len(all_windows(found)) == 2
    assert sorted(number for part in found for number in part.holes) == [1, 2, 3]


@pytest.mark.parametrize("tile", [(48, 48), (64, 40)])
def test_a_large_hole_gets_a_grid_of_windows_that_all_hold_some_of_it(tile):
    hole, overlap = strokes(203, 317, 5), 12
    _, (part,) = parts(hole, tile, overlap)
    counted = np.zeros(hole.shape)
    for window in part.windows:
        assert (window.height, window.width) == tile
        assert window.top >= 0 and window.left >= 0 and window.top + tile[0] <= 203 and window.left + tile[1] <= 317
        assert hole[window.slices].any()
        counted[window.slices] += weight(window, overlap, hole.shape)
    assert counted[hole].min() >= 0.24  # at a corner, of four windows, each may count a quarter
    grid = {(window.top, window.left) for window in part.windows}
    assert len(grid) == len(part.windows)
    everywhere = -(-(203 - overlap) // (tile[0] - overlap)) * -(-(317 - overlap) // (tile[1] - overlap))
    assert len(part.windows) < everywhere


def test_weights_fall_to_nothing_where_the_picture_goes_on_and_nowhere_else():
    values = weight(Window(0, 20, 30, 40), 16, (100, 60))
    assert values.shape == (30, 40)
    assert (values[:18, 12:] == 1).all()  # the picture's upper and right edge
    assert (values[:, :4] == 0).all() and (values[-4:] == 0).all()
    rising = values[0, 3:13]
    assert (np.diff(rising) > 0).all()
    left, right = weight(Window(0, 0, 9, 40), 16, (9, 64)), weight(Window(0, 24, 9, 40), 16, (9, 64))
    assert np.allclose(left[:, 24:] + right[:, :16], 1)
