"""The residual discriminator of StyleGAN2.

T. Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020. Weights are drawn from N(0, 1)
and scaled at run time, so that all of them learn at one speed; what is halved in size is blurred first.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class EqualizedConv2d(nn.Module):
    """A convolution without bias whose weights are divided by √fan-in when they are used."""

    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int = 1, padding: int = 0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, channels, kernel, kernel))
        self.scale = 1 / math.sqrt(channels * kernel**2)
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.scale, stride=self.stride, padding=self.padding)


class EqualizedLinear(nn.Module):
    """A linear layer whose weights are divided by √fan-in when they are used, with a bias; `active`: leaky after it."""

    def __init__(self, features: int, out_features: int, active: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, features))
        self.bias = nn.Parameter(torch.zeros(out_features))
        self.scale = 1 / math.sqrt(features)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        x = F.linear(x, self.weight * self.scale, self.bias)
        return _leaky(x) if self.active else x


class BiasedLeakyReLU(nn.Module):
    """A bias for each channel, then a leaky ReLU (0.2) times √2, which keeps the variance."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return _leaky(x + self.bias.view(1, -1, 1, 1))


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


class Blur(nn.Module):
    """Every channel blurred by [1, 3, 3, 1] in both directions, which sums to 1; zeros outside."""

    kernel: Tensor

    def __init__(self, padding: int, stride: int = 1):
        super().__init__()
        row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("kernel", torch.outer(row, row))
        self.padding, self.stride = padding, stride

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernel = self.kernel.expand(channels, 1, 4, 4)
        return F.conv2d(x, kernel, stride=self.stride, padding=self.padding, groups=channels)


class ResidualBlock(nn.Module):
    """Half the height and width; both branches are scaled so that their sum keeps the variance."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.conv1 = nn.Sequential(EqualizedConv2d(channels, channels, 3, padding=1), BiasedLeakyReLU(channels))
        self.conv2 = nn.Sequential(
            Blur(2), EqualizedConv2d(channels, out_channels, 3, stride=2), BiasedLeakyReLU(out_channels)
        )
        # the blur's own stride computes only those pixels that a 1×1 convolution with stride 2 would look at
        self.skip = nn.Sequential(Blur(1, stride=2), EqualizedConv2d(channels, out_channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (self.conv2(self.conv1(x)) + self.skip(x)) / math.sqrt(2)


class Discriminator(nn.Module):
    """Images N×3×S×S in [0, 1] → logits N×1, high = real. S, a power of two of at least 8, is `size`.

    width: channels at full size; they double whenever the size is halved, up to 16 × width; the last map is 4×4.
    """

    def __init__(self, size: int, width: int):
        super().__init__()
        halvings = size.bit_length() - 3
        channels = [min(2**level, 16) * width for level in range(halvings + 1)]
        last = channels[-1]
        self.convs = nn.Sequential(
            nn.Sequential(EqualizedConv2d(3, width, 1), BiasedLeakyReLU(width)),
            *(ResidualBlock(*pair) for pair in zip(channels, channels[1:], strict=False)),
        )
        self.final_conv = nn.Sequential(EqualizedConv2d(last + 1, last, 3, padding=1), BiasedLeakyReLU(last))
        self.final_linear = nn.Sequential(EqualizedLinear(16 * last, last, active=True), EqualizedLinear(last, 1))

    def forward(self, image: Tensor) -> Tensor:
        x = self.convs(2 * image - 1)
        return self.final_linear(self.final_conv(with_batch_deviation(x)).flatten(1))


def with_batch_deviation(x: Tensor) -> Tensor:
    """x N×C×H×W with one more channel: how much a group of pictures differs, so that sameness gives fakes away.

    Pictures i, i + N/g, i + 2N/g, … form a group of g; its (biased) standard deviation is averaged over everything.
    g is the largest divisor of N up to 4; Karras et al. take min(N, 4), which must divide N.
    """
    n, channels, height, width = x.shape
    group = max(size for size in range(1, min(n, 4) + 1) if n % size == 0)
    grouped = x.reshape(group, n // group, channels, height, width)
    deviation = (grouped.var(0, correction=0) + 1e-8).sqrt().mean((1, 2, 3))
    return torch.cat([x, deviation.repeat(group).view(n, 1, 1, 1).expand(n, 1, height, width)], 1)
