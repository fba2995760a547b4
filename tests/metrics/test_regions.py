"""The boundary band against distances found with SciPy."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_cdt

from lacuna.metrics.regions import REGIONS, band_radius


@pytest.mark.parametrize("size", [(70, 131), (200, 256)])
def test_the_band_is_what_lies_near_the_edge_on_both_sides(size):
    random = np.random.default_rng(2)
    masks = np.zeros((2, *size), bool)
    masks[0, 20:50, 7:60] = True
    masks[1] = random.random(size) < 0.001
    masks[1, :, -9:] = True  # touches the frame, which is no edge
    radius = band_radius(*size)
    assert radius == round(min(size) / 64)
    for mask, band in zip(masks, REGIONS["boundary"].pixels(masks), strict=True):
        inside, outside = (distance_transform_cdt(side, "chessboard") for side in (mask, ~mask))
        assert np.array_equal(band, (inside + outside) <= radius)
        assert (band & mask).any() and (band & ~mask).any()


def test_all_hole_and_no_hole_have_no_band():
    masks = np.stack([np.ones((64, 90), bool), np.zeros((64, 90), bool)])
    assert not REGIONS["boundary"].pixels(masks).any()


def test_the_band_grows_with_the_image():
    assert [band_radius(*size) for size in ((20, 300), (64, 64), (256, 256), (1024, 512))] == [1, 1, 4, 8]


def test_every_region_states_its_definition():
    for name, region in REGIONS.items():
        assert region.name == name and region.title and region.note.endswith(".")
    assert REGIONS["image"].pixels is None
