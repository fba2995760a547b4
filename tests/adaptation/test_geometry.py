import numpy as np
import pytest
import torch

from lacuna.adaptation import geometry
from lacuna.adaptation.geometry import EMPTY

SIZES = ((5, 8), (9, 9), (12, 7))


@pytest.mark.parametrize("size", SIZES)
def test_flips_and_shifts_are_those_of_arrays(size):
    still = geometry.unmoved(size)
    assert (geometry.flipped(still, "lr") == still[:, ::-1]).all()
    assert (geometry.flipped(still, "ud") == still[::-1]).all()
    moved = geometry.shifted(still, 2, -3, border=still)
    assert (moved[2:, :-3] == still[:-2, 3:]).all()  # downwards by two, to the left by three
    assert (moved[:2] == still[:2]).all() and (moved[:, -3:] == still[:, -3:]).all()
    moved = geometry.shifted(still, -1, 2, EMPTY)
    assert (moved[:-1, 2:] == still[1:, :-2]).all()
    assert (moved[-1] == EMPTY).all() and (moved[:, :2] == EMPTY).all()
    assert (geometry.shifted(still, 99, 0, EMPTY) == EMPTY).all()


@pytest.mark.parametrize("side", [8, 9])
def test_quarter_turns_of_a_square_move_every_pixel_once(side):
    still = geometry.unmoved((side, side))
    for turns in range(4):
        assert (geometry.rotated(still, 90 * turns) == np.rot90(still, -turns)).all()


def test_a_half_turn_of_any_size_is_both_flips():
    for size in SIZES:
        still = geometry.unmoved(size)
        assert (geometry.rotated(still, 180) == still[::-1, ::-1]).all()


def test_a_quarter_turn_of_an_oblong_keeps_the_middle_and_takes_no_pixel_twice():
    for size in ((5, 8), (12, 7), (6, 10)):
        moved = geometry.rotated(geometry.unmoved(size), 90)
        taken = moved[moved != EMPTY]
        assert len(set(taken.tolist())) == len(taken) >= (min(size) - 1) * min(size)


def test_a_rotation_by_30_degrees_turns_clockwise_about_the_centre():
    still = geometry.unmoved((41, 41))
    mask = np.zeros((41, 41), bool)
    mask[20, 36] = True  # on the right of the centre, 16 pixels away
    mask = np.pad(mask, 0)
    row, column = np.argwhere(geometry.moved_mask(mask, geometry.rotated(still, 30))).mean(0) - 20
    assert row == pytest.approx(8, abs=0.8) and column == pytest.approx(13.9, abs=0.8)


@pytest.mark.parametrize("size", SIZES)
def test_each_place_takes_the_nearest_pixel_of_where_it_comes_from(size):
    y, x = (axis - (whole - 1) / 2 for axis, whole in zip(np.indices(size), size, strict=True))
    for degrees in (30, 120, 210, 300):
        cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        source = geometry.rotated(geometry.unmoved(size), degrees)
        rows, columns = np.divmod(source, size[1])
        there = source != EMPTY
        assert np.abs(cos * x + sin * y + (size[1] - 1) / 2 - columns)[there].max() < 0.5 + 1e-6
        assert np.abs(cos * y - sin * x + (size[0] - 1) / 2 - rows)[there].max() < 0.5 + 1e-6


def test_a_shear_adds_a_multiple_of_the_other_coordinate():
    still = geometry.unmoved((21, 31))
    moved = geometry.sheared(still, 0.5, 0)
    for down in (-6, 0, 6):  # a row six below the centre goes three to the right
        row = 10 + down
        assert moved[row, 15 + down // 2] == still[row, 15]
    moved = geometry.sheared(still, 0, -0.5)
    assert moved[10 - 4, 15 + 8] == still[10, 15 + 8]
    assert (geometry.sheared(still, 0.2, 0.2) == EMPTY).any()


def test_a_crop_is_enlarged_by_nearest_neighbours():
    still = geometry.unmoved((6, 8))
    moved = geometry.cropped(still, 2, 1, 3, 4)
    assert (moved == np.repeat(np.repeat(still[2:5, 1:5], 2, 0), 2, 1)).all()
    odd = geometry.cropped(geometry.unmoved((7, 5)), 3, 2, 4, 2)
    assert (np.diff(odd[:, 0]) >= 0).all() and odd.min() == 17 and odd.max() == 6 * 5 + 3


def test_pictures_and_masks_move_by_the_same_map():
    rng = np.random.default_rng(0)
    for size in SIZES:
        sources = np.stack([geometry.rotated(geometry.unmoved(size), angle) for angle in (30, 240, 90)])
        masks = rng.random((3, *size)) < 0.4
        found = geometry.moved(torch.from_numpy(masks[:, None]).float(), torch.from_numpy(sources))
        for mask, source, moved in zip(masks, sources, found, strict=True):
            assert (geometry.moved_mask(mask, source) == (moved[0].numpy() > 0)).all()
            assert not moved[0][torch.from_numpy(source == EMPTY)].any()
