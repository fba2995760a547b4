"""Soft partial convolution against a brute-force loop, and the blocks built on it."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lacuna.nn.soft_partial_convolution import PixelNorm, ResidualBlock, SoftPartialConv2d


def drawn(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def brute_force(layer, x, mask):
    """One window after another; the zeros around the picture are not valid."""
    kernel, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
    x, mask = (np.pad(each, [(0, 0), (padding, padding), (padding, padding)]) for each in (x, mask))
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    rows, columns = ((side - kernel) // stride + 1 for side in x.shape[-2:])
    out, means = np.zeros((len(weight), rows, columns)), np.zeros((1, rows, columns))
    for row in range(rows):
        for column in range(columns):
            window = np.s_[:, row * stride : row * stride + kernel, column * stride : column * stride + kernel]
            found = mask[window].sum()
            covered = min(found, 1.0)
            total = (weight * (x * mask)[window]).sum((1, 2, 3))
            out[:, row, column] = (total * covered * kernel**2 / (found + 1e-8) + bias) * covered
            means[0, row, column] = found / kernel**2
    return out, means


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(1, 1, 0), (2, 2, 0), (3, 1, 1)])
@pytest.mark.parametrize("soft", [False, True])
def test_it_is_the_brute_force_one(kernel, stride, padding, soft):
    torch.manual_seed(0)
    layer = SoftPartialConv2d(3, 5, kernel, stride, padding).double()
    x, mask = drawn(1, 3, 8, 12), drawn(1, 1, 8, 12, seed=1)
    mask = mask if soft else (mask > 0.5).double()
    mask[..., :4, :5] = 0
    out, means = layer(x, mask)
    expected, expected_means = brute_force(layer, x[0].numpy(), mask[0].numpy())
    np.testing.assert_allclose(out[0].detach(), expected, atol=1e-12)
    np.testing.assert_allclose(means[0], expected_means, atol=1e-12)


def test_without_a_mask_only_the_rim_is_made_stronger():
    layer = SoftPartialConv2d(2, 4, 3, padding=1).double()
    x = drawn(1, 2, 5, 7)
    out, means = layer(x)
    plain = F.conv2d(x, layer.weight, padding=1)
    factor = torch.ones(5, 7, dtype=torch.float64)
    factor[[0, -1]], factor[:, [0, -1]] = 9 / 6, 9 / 6
    factor[[0, 0, -1, -1], [0, -1, 0, -1]] = 9 / 4
    torch.testing.assert_close(out, plain * factor + layer.bias.view(1, -1, 1, 1), atol=1e-7, rtol=0)
    torch.testing.assert_close(means[0, 0], 1 / factor)


def test_what_no_window_finds_is_zero_even_with_a_bias():
    out, means = SoftPartialConv2d(2, 4, 3, padding=1)(torch.rand(1, 2, 6, 6), torch.zeros(1, 1, 6, 6))
    assert not out.any() and not means.any()


def test_pixel_norm_makes_the_mean_square_one_and_scales():
    norm = PixelNorm(3).double()
    with torch.no_grad():
        norm.alpha.copy_(torch.tensor([1.0, 2.0, -3.0]).view(1, 3, 1, 1))
    x = torch.tensor([3.0, 0.0, 4.0], dtype=torch.float64).view(1, 3, 1, 1)
    expected = torch.tensor([3.0, 0.0, -12.0]) / np.sqrt(25 / 3)
    torch.testing.assert_close(norm(x).flatten(), expected.double(), atol=1e-6, rtol=0)


def test_the_second_convolution_takes_the_first_ones_map_as_its_mask():
    torch.manual_seed(0)
    block = ResidualBlock(4, 6, 3).double()
    x = drawn(2, 4, 6, 9) - 0.5
    inner, rim = block.conv1(F.leaky_relu(block.norm1(x), 0.2))
    inner = F.leaky_relu(block.norm2(inner), 0.2)
    expected = (block.conv2(inner, rim)[0] + block.short(x)) / np.sqrt(2)
    torch.testing.assert_close(block(x)[0], expected, atol=1e-12, rtol=0)
    forgotten = (block.conv2(inner)[0] + block.short(x)) / np.sqrt(2)
    assert (expected - forgotten).abs().max() > 0.01
