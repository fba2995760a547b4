"""The classical line: the mean colour, two of OpenCV, scikit-image's biharmonic one, patches of patchmatch-cython."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from skimage.restoration import inpaint_biharmonic

from lacuna import systems
from lacuna.errors import LacunaError

FLAGS = {"telea": cv2.INPAINT_TELEA, "navier_stokes": cv2.INPAINT_NS}
CLASSICAL = ("mean_fill", "telea", "navier_stokes", "biharmonic", "patchmatch")


def ramp():
    """A picture that grows brighter to the right, and a hole in it."""
    image = np.repeat(np.linspace(40, 200, 50).astype(np.uint8)[None, :, None], 31, 0).repeat(3, 2)
    mask = np.zeros((31, 50), bool)
    mask[8:19, 20:33] = True
    return image, mask


@pytest.mark.parametrize("name", ("biharmonic", *FLAGS))
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


@pytest.mark.parametrize("name", CLASSICAL)
def test_without_any_valid_pixel_the_result_is_grey(name):
    image, mask = ramp()
    assert (systems.create(name).predict_arrays([image], [np.ones_like(mask)])[0] == 128).all()


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_picture_without_a_hole_stays(name):
    image, mask = ramp()
    assert (systems.create(name).predict_arrays([image], [np.zeros_like(mask)])[0] == image).all()


def test_mean_fill_is_the_valid_pixels_mean_of_each_channel():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0] = [[10, 0, 255], [20, 0, 255], [99, 99, 99]]
    image[1] = [[11, 3, 255], [99, 99, 99], [99, 99, 99]]
    mask = np.array([[False, False, True], [False, True, True]])
    filled = systems.create("mean_fill").predict_arrays([image], [mask])[0]
    assert (filled[mask] == [14, 1, 255]).all()  # 41/3, 3/3 and 255
    assert (filled[~mask] == image[~mask]).all()


@pytest.mark.parametrize("split", [False, True])
def test_biharmonic_is_scikit_images_own(split):
    image, mask = ramp()
    mask[23:29, 2:9] = True
    image[5:25, 10:40] += np.random.default_rng(0).integers(0, 40, (20, 30, 3), np.uint8)
    filled = systems.create("biharmonic", split_into_regions=split).predict_arrays([image], [mask])[0]
    expected = inpaint_biharmonic(image / 255, mask, split_into_regions=split, channel_axis=-1)[mask] * 255
    assert np.abs(filled[mask] - expected).max() <= 0.5001
    assert (filled[~mask] == image[~mask]).all()


def test_biharmonic_continues_value_and_slope():
    """A surface that is linear solves the equation, so it comes back but for rounding."""
    image, mask = ramp()
    filled = systems.create("biharmonic").predict_arrays([image], [mask])[0]
    assert np.abs(filled.astype(int) - image).max() <= 2


@pytest.mark.parametrize("name", ["mean_fill", "biharmonic"])
def test_it_predicts_without_torch(name):
    code = (
        f"import sys, numpy as np; from lacuna import systems; s = systems.create('{name}'); s.prepare();"
        "s.predict_arrays([np.zeros((9, 8, 3), np.uint8)], [np.eye(9, 8) > 0]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def tiles(height=48, width=70):
    """A pattern that repeats every 7 rows and 5 columns, and a hole that is wider than high."""
    rows, columns = np.arange(height) % 7 * 25 + 20, np.arange(width) % 5 * 12
    image = (rows[:, None] + columns)[..., None] + np.array([0, 15, 30])
    mask = np.zeros((height, width), bool)
    mask[11:25, 20:47] = True
    return image.astype(np.uint8), mask


def error(filled, image, mask):
    return np.abs(filled[mask].astype(int) - image[mask]).mean()


def test_patches_go_on_with_a_pattern_that_no_smooth_surface_has():
    image, mask = tiles()
    filled = systems.create("patchmatch", poisson_blend=False).predict_arrays([image], [mask])[0]
    smooth = systems.create("telea").predict_arrays([image], [mask])[0]
    assert (filled[~mask] == image[~mask]).all()
    assert error(filled, image, mask) < error(smooth, image, mask) / 2
    # it is made of the picture's own colours
    assert {tuple(each) for each in filled[mask][:200]} <= {tuple(each) for each in image.reshape(-1, 3)}


def test_patchmatch_is_the_librarys_own_with_the_seed_and_settings_given():
    from patchmatch_cython import inpaint_pyramid

    image, mask = tiles()
    image = image + np.random.default_rng(0).integers(0, 40, image.shape, np.uint8)
    hidden = np.where(mask[..., None], np.uint8(0), image)
    system = systems.create("patchmatch", patch_size=3, em_loops=2)
    for seed in (1, 2**33 + 1):
        system.draw_from(seed)
        assert (system.predict_arrays([image], [mask])[0] == inpaint_pyramid(hidden, mask, 3, seed=1, em_loops=2)).all()


def test_where_no_patch_is_known_the_hole_gets_the_mean_of_what_is():
    image, mask = tiles()
    mask[:] = True
    mask[3:5, 7:9] = False
    filled = systems.create("patchmatch").predict_arrays([image], [mask])[0]
    assert (filled[mask] == image[3:5, 7:9].reshape(-1, 3).mean(0).round()).all()
    assert (filled[~mask] == image[~mask]).all()


@pytest.mark.parametrize("size", [(3, 40), (4, 5), (2, 9)])
def test_pictures_smaller_than_a_patch_are_filled(size):
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    mask = np.zeros(size, bool)
    mask[0, :2] = True
    filled = systems.create("patchmatch").predict_arrays([image], [mask])[0]
    assert filled.shape == image.shape and (filled[~mask] == image[~mask]).all()


@pytest.mark.parametrize("settings", [{"patch_size": 4}, {"patch_size": 1}, {"em_loops": 0}])
def test_patchmatch_refuses_what_it_cannot_do(settings):
    with pytest.raises(LacunaError, match="an odd 'patch_size' of at least 3"):
        systems.create("patchmatch", **settings)
