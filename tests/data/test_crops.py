"""Centre crops, on photographs lying and standing."""

import numpy as np
import pytest

from lacuna.data.crops import centre_crop, random_crop


@pytest.mark.parametrize(
    ("photograph", "shape", "crop"),
    [
        ((80, 24), (16, 16), (28, 0, 24, 24)),
        ((24, 80), (16, 16), (0, 28, 24, 24)),
        ((80, 24), (60, 36), (20, 0, 40, 24)),
        ((24, 80), (60, 30), (0, 34, 24, 12)),
        ((1, 1), (64, 64), (0, 0, 1, 1)),
    ],
)
def test_centre_crops(photograph, shape, crop):
    assert centre_crop(photograph, shape) == crop


def test_random_crops_reach_every_border():
    crops = [random_crop((12, 20), (8, 4), (0.5, 1), np.random.default_rng(i)) for i in range(400)]
    assert min(crop.left for crop in crops) == min(crop.top for crop in crops) == 0
    assert {crop.width for crop in crops} == set(range(6, 13))
    assert max(crop.left + crop.width for crop in crops) == 12
    assert max(crop.top + crop.height for crop in crops) == 20
