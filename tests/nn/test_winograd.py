"""Winograd's convolutions against the direct sum in double precision."""

import numpy as np
import pytest
import torch
from torch import nn

from lacuna.nn import winograd
from lacuna.nn.winograd import TILES, FrozenConvolution, WinogradConv2d, fits, tile_of, transforms


def convolution(kernel: int, padding: int) -> nn.Conv2d:
    torch.manual_seed(kernel)
    return nn.Conv2d(17, 10, kernel, padding=padding)


def direct(layer: nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
    return nn.functional.conv2d(x.double(), layer.weight.double(), layer.bias.double(), padding=layer.padding)


@pytest.mark.parametrize(("tile", "kernel"), TILES.items() | {(2, 2), (5, 3)})
def test_the_transforms_filter_a_sequence(tile, kernel):
    output, of_kernel, of_input = transforms(tile, kernel)
    random = np.random.default_rng(0)
    samples, taps = random.normal(size=tile + kernel - 1), random.normal(size=kernel)
    expected = [samples[i : i + kernel] @ taps for i in range(tile)]
    np.testing.assert_allclose(output @ ((of_kernel @ taps) * (of_input @ samples)), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("kernel", sorted(TILES))
@pytest.mark.parametrize("size", [(5, 5), (7, 16), (15, 15), (31, 8)])
def test_it_is_the_convolution(kernel, padding, size):
    """Odd sizes, not square, smaller and larger than a tile; kernels and images without a symmetry."""
    layer = convolution(kernel, padding)
    x = torch.randn(3, 17, *size)
    expected = direct(layer, x)
    found = WinogradConv2d(layer)(x)
    assert found.shape == expected.shape and found.dtype == torch.float32
    assert (found - expected).abs().max() < 3e-5 * expected.abs().max()


@pytest.mark.parametrize("kernel", sorted(TILES))
def test_equal_pixels_give_equal_features_wherever_the_batch_ends(kernel):
    """Two pictures of one batch position each: LPIPS of identical pictures has to be exactly 0."""
    layer = WinogradConv2d(convolution(kernel, 1))
    x = torch.randn(2, 17, 13, 9)
    assert torch.equal(layer(x), layer(x.clone()))


def test_gradients_reach_the_input_as_through_the_convolution():
    layer = convolution(3, 1)
    a = torch.randn(2, 17, 8, 11, requires_grad=True)
    b = a.detach().clone().requires_grad_()
    weights = torch.randn(2, 10, 8, 11)
    (WinogradConv2d(layer)(a) * weights).sum().backward()
    (layer(b) * weights).sum().backward()
    torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-4)
    assert not list(WinogradConv2d(layer).parameters())


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(16, 4, 3, stride=2),
        nn.Conv2d(16, 4, 3, dilation=2),
        nn.Conv2d(16, 4, 3, groups=2),
        nn.Conv2d(16, 4, (3, 5)),
        nn.Conv2d(16, 4, 7),
        nn.Conv2d(16, 4, 3, padding=(1, 0)),
        nn.Conv2d(16, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(16, 4, 3, bias=False),
        nn.Conv2d(3, 4, 3),
        nn.ReLU(),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_left_to_pytorch(other):
    assert not fits(other)
    with pytest.raises(ValueError, match="not a convolution for Winograd"):
        WinogradConv2d(other)


@pytest.mark.parametrize("tile", [2, 4])
@pytest.mark.parametrize("size", [(5, 5), (7, 16), (12, 8), (1, 9)])
@pytest.mark.parametrize("at_once", [1, 5, 256])
def test_a_frozen_convolution_and_its_gradient_are_the_direct_ones(monkeypatch, tile, size, at_once):
    """At once: less than a row of tiles, some rows of one picture, several pictures."""
    monkeypatch.setattr(winograd, "AT_ONCE", at_once)
    layer = convolution(3, 1)
    a = torch.randn(3, 17, *size, requires_grad=True)
    b = a.detach().double().requires_grad_()
    found, expected = FrozenConvolution(layer.weight, layer.bias, tile)(a), direct(layer, b)
    assert found.shape == expected.shape and (found - expected).abs().max() < 3e-5 * expected.abs().max()
    weights = torch.randn(3, 10, *size)
    (found.relu_() * weights).sum().backward()
    (expected.relu() * weights).sum().backward()
    off = (a.grad - b.grad).abs() > 3e-5 * b.grad.abs().max()
    # a result that is 0 but for rounding is let through, or not
    assert off.sum() <= 3 * 17 * 9 and (size != (12, 8) or not off.any())


def test_narrow_convolutions_stay_pytorchs_and_the_widest_have_small_tiles():
    assert [tile_of(*each) for each in ((64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512))] == [
        *(None, None, 4, 4, 2, 2)
    ]
