"""Telea and Navier-Stokes through OpenCV."""

import cv2
import numpy as np
import pytest

from lacuna import systems

FLAGS = {"telea": cv2.INPAINT_TELEA, "navier_stokes": cv2.INPAINT_NS}


def ramp():
    """A picture that grows brighter to the right, and a hole in it."""
    image = np.repeat(np.linspace(40, 200, 50).astype(np.uint8)[None, :, None], 31, 0).repeat(3, 2)
    mask = np.zeros((31, 50), bool)
    mask[8:19, 20:33] = True
    return image, mask


@pytest.mark.parametrize("name", FLAGS)
def test_a_ramp_is_continued_and_the_valid_part_kept(name):
    image, mask = ramp()
    filled = systems.create(name).predict_arrays([image], [mask])[0]
    assert (filled[~mask] == image[~mask]).all()
    assert np.abs(filled[mask].astype(int) - image[mask]).mean() < 12


@pytest.mark.parametrize("name", FLAGS)
def test_it_is_opencvs_own_with_the_radius_given(name):
    image, mask = ramp()
    image[5:25, 10:40] += np.random.default_rng(0).integers(0, 40, (20, 30, 3), np.uint8)
    results = []
    for radius in (1.0, 8.0):
        filled = systems.create(name, radius=radius).predict_arrays([image], [mask])[0]
        expected = cv2.inpaint(
            np.where(mask[..., None], 0, image).astype(np.uint8), mask.view(np.uint8), radius, FLAGS[name]
        )
        assert (filled == expected).all()
        results.append(filled)
    if name == "telea":
        assert (results[0] != results[1]).any()


@pytest.mark.parametrize("name", FLAGS)
def test_without_any_valid_pixel_the_result_is_grey(name):
    image, mask = ramp()
    assert (systems.create(name).predict_arrays([image], [np.ones_like(mask)])[0] == 128).all()
