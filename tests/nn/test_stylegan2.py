"""The discriminator of StyleGAN2, block by block."""

import math

import pytest
import torch
from torch.nn import functional as F

from lacuna.nn.stylegan2 import Blur, Discriminator, EqualizedConv2d, ResidualBlock, with_batch_deviation


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_size_is_the_published_one():
    with torch.device("meta"):
        discriminator = Discriminator(256, 32)
    assert sum(each.numel() for each in discriminator.parameters()) == 19_048_993


@pytest.mark.parametrize("size", [8, 16, 64])
def test_one_logit_for_each_picture_of_any_number(size):
    discriminator = Discriminator(size, 2)
    for n in (1, 2, 3, 5):
        assert discriminator(torch.rand(n, 3, size, size)).shape == (n, 1)


@pytest.mark.parametrize(
    ("n", "groups"),
    [
        (1, [[0]]),
        (3, [[0, 1, 2]]),
        (5, [[0], [1], [2], [3], [4]]),
        (6, [[0, 2, 4], [1, 3, 5]]),
        (8, [[0, 2, 4, 6], [1, 3, 5, 7]]),
    ],
)
def test_deviation_is_that_of_the_group(n, groups):
    x = drawn(n, 2, 3, 5)
    out = with_batch_deviation(x)
    assert torch.equal(out[:, :2], x)
    for group in groups:
        deviation = (x[group].var(0, correction=0) + 1e-8).sqrt().mean()
        for member in group:
            torch.testing.assert_close(out[member, 2], deviation.expand(3, 5), atol=1e-12, rtol=0)


def test_blur_keeps_the_mean_and_a_stride_only_leaves_pixels_out():
    x = drawn(1, 3, 9, 12)
    blurred = Blur(1).double()(x)
    assert blurred.shape == (1, 3, 8, 11)
    row = torch.tensor([1.0, 3, 3, 1]).double() / 8
    expected = (x[0, 1, 2:6, 3:7] * torch.outer(row, row)).sum()
    torch.testing.assert_close(blurred[0, 1, 3, 4], expected)
    torch.testing.assert_close(Blur(1, stride=2).double()(x), blurred[..., ::2, ::2])


def test_weights_are_scaled_when_used():
    layer = EqualizedConv2d(4, 5, 3, padding=1).double()
    x = drawn(1, 4, 6, 7)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight, padding=1) / math.sqrt(36))


def test_residual_block_halves_and_adds_a_plain_skip():
    torch.manual_seed(0)
    block = ResidualBlock(3, 6).double()
    x = drawn(2, 3, 8, 12)
    out = block(x)
    assert out.shape == (2, 6, 4, 6)
    skip = F.conv2d(Blur(1).double()(x), block.skip[1].weight / math.sqrt(3), stride=2)
    torch.testing.assert_close(out, (block.conv2(block.conv1(x)) + skip) / math.sqrt(2))
    inner = F.conv2d(x, block.conv1[0].weight, padding=1) / math.sqrt(27)
    torch.testing.assert_close(block.conv1(x), F.leaky_relu(inner, 0.2) * math.sqrt(2))
