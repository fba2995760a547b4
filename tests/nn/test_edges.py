"""Sobel, Canny and the blur against other libraries and arithmetic done by hand."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage import color

from lacuna.nn.edges import canny, grey, sobel
from lacuna.nn.layers import gaussian_blur


def halves(height=24, width=31, column=12, n=1):
    """Black on the left, white from `column` on."""
    image = torch.zeros(n, 3, height, width)
    image[..., column:] = 1
    return image


# ---------------------------------------------------------------------- Sobel


def test_sobel_of_ramps_by_hand():
    y, x = torch.meshgrid(torch.arange(5.0), torch.arange(7.0), indexing="ij")
    found = sobel(torch.stack([y, 3 * x - y])[None])
    assert found.shape == (1, 4, 5, 7)
    # the derivative of a ramp of slope s is 8 s: weights 1 + 2 + 1 across, a distance of 2 along
    for channel, slope in enumerate((8, 0, -8, 24)):
        assert (found[0, channel, 1:-1, 1:-1] == slope).all()


def test_sobel_has_the_border_reflected_and_channels_in_turn():
    image = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 3, 6, 9)))
    found = sobel(image)
    for n in range(2):
        for channel in range(3):
            for axis in (0, 1):
                expected = ndimage.sobel(image[n, channel].numpy(), axis=axis, mode="mirror")
                np.testing.assert_allclose(found[n, 2 * channel + axis], expected, atol=1e-12)


def test_sobel_is_at_most_four_times_the_range():
    assert sobel(2 * halves() - 1).abs().max() == 8


def test_sobel_passes_gradients():
    image = torch.rand(1, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(sobel, image)


# ---------------------------------------------------------------------- Canny


def test_canny_finds_one_edge_and_says_one_there():
    edge = canny(halves(n=2), 1.5)
    assert edge.shape == (2, 1, 24, 31) and edge.dtype == torch.float32
    assert set(edge.unique().tolist()) == {0.0, 1.0}
    columns = edge[1, 0, 2:-2].any(0).nonzero().flatten().tolist()
    assert columns and set(columns) <= {11, 12}
    assert torch.equal(edge[0], edge[1])


def test_canny_of_each_picture_is_its_own():
    flat = torch.full((1, 3, 24, 31), 0.3)
    edge = canny(torch.cat([flat, halves()]), 1.5)
    assert not edge[0].any() and edge[1].any()


def test_canny_smooths_by_sigma():
    noise = torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    assert canny(noise, 0.5).sum() > canny(noise, 1.5).sum() > canny(noise, 6.0).sum()


def test_grey_is_scikit_images_but_for_the_last_bits():
    image = torch.rand(2, 3, 7, 5, generator=torch.Generator().manual_seed(0))
    expected = color.rgb2gray(image.double().numpy(), channel_axis=1)
    assert np.abs(grey(image)[:, 0].numpy() - expected).max() < 1e-15


def test_canny_of_a_smooth_ramp_does_not_depend_on_how_it_lies_in_memory():
    image = (torch.linspace(0, 255, 33).floor() / 255).expand(1, 3, 52, 33)
    edge = canny(image.contiguous(), 1.5)
    assert edge.any()
    assert torch.equal(canny(image.contiguous(memory_format=torch.channels_last), 1.5), edge)


def test_canny_of_a_part_ignores_the_rest_and_makes_no_rim():
    """A bright blot on a flat ground: an edge for all who see it, none where it is not known."""
    image = torch.full((1, 3, 32, 44), 0.2)
    image[..., 8:20, 5:17] = 1
    valid = torch.ones(1, 1, 32, 44)
    valid[..., 7:21, 4:18] = 0
    assert canny(image, 1.5).any()
    assert not canny(image, 1.5, valid).any()
    changed = torch.where(valid == 1, image, torch.rand(1, 3, 32, 44))
    assert torch.equal(canny(changed, 1.5, valid), canny(image, 1.5, valid))
    # an edge in the known part stays
    assert canny(halves(32, 44, 30), 1.5, valid)[..., 28:32].any()


@pytest.mark.parametrize("known", [0.0, 1.0])
def test_canny_of_nothing_and_of_everything(known):
    image = halves()
    edge = canny(image, 1.5, torch.full((1, 1, 24, 31), known))
    assert torch.equal(edge, canny(image, 1.5) if known else torch.zeros_like(edge))


def test_canny_keeps_the_type_and_knows_the_meta_device():
    assert canny(halves().double(), 1.5).dtype == torch.float64
    assert canny(halves().to("meta"), 1.5).shape == (1, 1, 24, 31)


# ---------------------------------------------------------------------- blur


def test_blur_is_scipys_with_zeros_outside():
    maps = torch.from_numpy(np.random.default_rng(1).random((2, 1, 9, 13)))
    for radius, sigma in ((2, 1.0), (3, 1.7)):
        expected = ndimage.gaussian_filter(maps.numpy(), sigma, mode="constant", radius=radius, axes=(2, 3))
        np.testing.assert_allclose(gaussian_blur(maps, radius, sigma), expected, atol=1e-12)
