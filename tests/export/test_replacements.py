"""What stands for an operator gives its numbers."""

import numpy as np
import pytest
import torch
from skimage import data
from torch.nn import functional as F

from lacuna.export import canny, fourier, replacements
from lacuna.nn import edges


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(("size", "stride", "padding"), [(3, 1, 1), (4, 2, 1), (1, 1, 0)])
def test_unfold_and_fold(size, stride, padding):
    x = drawn(2, 5, 8, 14)
    windows = F.unfold(x, size, padding=padding, stride=stride)
    assert torch.equal(replacements.unfold(x, size, padding=padding, stride=stride), windows)
    values = drawn(*windows.shape)
    expected = F.fold(values, (8, 14), size, stride=stride, padding=padding)
    assert torch.allclose(replacements.fold(values, (8, 14), size, stride=stride, padding=padding), expected, atol=1e-6)


def test_pooling_with_a_divisor_of_its_own():
    x = drawn(2, 3, 9, 12)
    expected = F.avg_pool2d(x, (3, 3), (2, 2), (1, 1), divisor_override=2)
    assert torch.allclose(replacements.sum_pool2d(x, (3, 3), (2, 2), (1, 1), divisor_override=2), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (6, 8), (7, 9), (12, 5), (64, 48)])
def test_fourier_transforms(size):
    x = drawn(2, 3, *size)
    spectrum = torch.fft.rfft2(x, norm="ortho")
    assert torch.allclose(fourier.rfft2(x, norm="ortho"), torch.view_as_real(spectrum), atol=1e-5)
    # not the transform of anything real: what must not count, does not
    pairs = drawn(*spectrum.shape, 2)
    expected = torch.fft.irfft2(torch.view_as_complex(pairs), s=size, norm="ortho")
    assert torch.allclose(fourier.irfft2(pairs, s=size, norm="ortho"), expected, atol=1e-5)


PICTURES = {
    "a photograph": data.astronaut()[60:157, 180:301],
    "noise": np.random.default_rng(0).integers(0, 256, (60, 71, 3), dtype=np.uint8),
    "stripes": np.tile(np.repeat([[0], [255]], 8, 0)[:, :, None], (4, 50, 3)).astype(np.uint8),
    # smooth, so that much is a tie
    "a ramp": np.tile(np.linspace(0, 255, 33)[None, :, None], (134, 1, 3)).astype(np.uint8),
    "a ramp downwards": np.tile(np.linspace(0, 255, 35)[:, None, None], (1, 131, 3)).astype(np.uint8),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("masked", [False, True])
def test_canny_is_scikit_images_pixel_for_pixel(name, masked):
    both = np.stack([PICTURES[name], PICTURES[name][:, ::-1]]).astype(np.float32) / 255
    image = torch.from_numpy(both).permute(0, 3, 1, 2)  # channels last in memory, as pictures come from files
    valid = torch.ones(2, 1, *image.shape[-2:])
    valid[:, :, 10:40, 5:33] = 0
    valid[1, :, 45:50, 30:] = 0
    args = (image * valid, 1.5, valid) if masked else (image, 1.5, None)
    expected = edges.canny(*args)
    assert 300 < expected.sum() < expected.numel() / 2
    assert torch.equal(canny.canny(*args), expected)


def test_edges_go_on_as_far_as_weak_ones_reach():
    weak = torch.zeros(1, 1, 40, 50)
    for place in range(40):
        weak[0, 0, place, min(place, 30)] = 1
    weak[0, 0, 5, 40:] = 1  # reached from nowhere
    strong = torch.zeros_like(weak)
    strong[0, 0, 39, 30] = 1
    expected = weak.clone()
    expected[0, 0, 5, 40:] = 0
    assert torch.equal(canny.connected(strong, weak), expected)


def test_everything_is_put_back():
    before = [F.unfold, F.fold, F.avg_pool2d, torch.fft.rfft2, torch.fft.irfft2, torch.view_as_real, torch.from_numpy]
    with replacements.replaced() as used:
        assert F.unfold is not before[0]
        F.avg_pool2d(drawn(1, 1, 4, 4), 2)
        assert not used
        F.avg_pool2d(drawn(1, 1, 4, 4), (2, 2), (2, 2), (0, 0), divisor_override=1)
        assert len(used) == 1
    after = [F.unfold, F.fold, F.avg_pool2d, torch.fft.rfft2, torch.fft.irfft2, torch.view_as_real, torch.from_numpy]
    assert after == before
