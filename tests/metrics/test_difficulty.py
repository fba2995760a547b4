"""What may make a hole hard: every factor by hand, on pictures that are not square."""

import numpy as np
import pytest

from lacuna.metrics.difficulty import difficulty
from lacuna.metrics.factors import FACTORS


def box(height=40, width=64, top=10, left=20, down=15, across=9) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[top : top + down, left : left + across] = True
    return hole


def flat(value=90, shape=(40, 64)) -> np.ndarray:
    return np.full((*shape, 3), value, np.uint8)


def test_lengths_are_shares_of_the_shorter_side():
    found = difficulty(flat(), box())
    assert found["coverage"] == 15 * 9 / (40 * 64)
    assert found["circle"] == 5 / 40  # from the middle of nine columns to the first known one
    rows, columns = np.mgrid[10:25, 20:29]
    nearest = np.minimum(np.minimum(rows, 39 - rows), np.minimum(columns, 63 - columns))
    assert found["border"] == pytest.approx(nearest.mean() / 40)
    assert difficulty(flat(shape=(64, 40)), box().T)["circle"] == 5 / 40


def test_a_circle_may_reach_over_the_border_of_the_image():
    """What counts is how far the nearest known pixel is: a hole in a corner is wider than it looks."""
    assert difficulty(flat(), box(top=0, left=0, down=12, across=12))["circle"] == pytest.approx(12 / 40)


def test_contrast_and_texture_are_of_the_ring_alone():
    hole, image = box(), flat()
    plain = difficulty(image, hole)
    assert plain["contrast"] == pytest.approx(0, abs=1e-12) and plain["texture"] == pytest.approx(0, abs=1e-12)
    image[hole] = np.random.default_rng(0).integers(0, 256, (hole.sum(), 3))
    image[-4:] = 255  # farther away than the ring
    far = difficulty(image, hole)
    assert far["contrast"] == pytest.approx(0, abs=1e-12) and far["texture"] == pytest.approx(0, abs=1e-12)


def test_contrast_and_texture_by_hand():
    """Halves of 0 and 255 on either side of the hole's middle; a chessboard of the same two levels."""
    hole, halves = box(top=10, down=16, left=20, across=8), flat(0)
    halves[:, 24:] = 255
    found = difficulty(halves, hole)
    assert found["contrast"] == pytest.approx(0.5)
    board = flat(0)
    board[(np.indices((40, 64)).sum(0) % 2).astype(bool)] = 255
    other = difficulty(board, hole)
    assert other["contrast"] == pytest.approx(0.5, abs=0.01)
    assert (
        other["texture"] == pytest.approx(4 / 9, abs=1e-9) and found["texture"] < 0.2
    )  # 5 of 9 pixels are of one's own level


def test_likeness_counts_common_colours_channel_by_channel():
    hole, image = box(), flat(90)
    assert difficulty(image, hole)["likeness"] == pytest.approx(1)
    image[hole] = 200
    assert difficulty(image, hole)["likeness"] == 0
    image[..., 1] = 90  # one channel of three is the same everywhere
    assert difficulty(image, hole)["likeness"] == pytest.approx(1 / 3)


def test_what_an_image_cannot_have_is_missing():
    none = difficulty(flat(), np.zeros((40, 64), bool))
    assert none["coverage"] == 0 and all(np.isnan(none[name]) for name in FACTORS if name != "coverage")
    whole = difficulty(flat(), np.ones((40, 64), bool))
    assert whole["coverage"] == 1 and whole["circle"] == pytest.approx(np.hypot(40, 64) / 40)
    assert np.isnan(whole["contrast"]) and np.isnan(whole["likeness"])
