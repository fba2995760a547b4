"""Partial convolutions whose masks may be anything between hole and valid, in residual blocks with pixel norm.

Blocks of TFill (Zheng et al., CVPR 2022), under its authors' key names.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.islands import island


class PixelNorm(nn.Module):
    """Every pixel's channels at mean square 1, times a learned factor for each channel."""

    def __init__(self, channels: int):
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * (self.alpha * _inverse_size(x))


@island("normalisation")
def _inverse_size(x: Tensor) -> Tensor:
    return (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class SoftPartialConv2d(nn.Conv2d):
    """Partial convolution (Liu et al., ECCV 2018) with soft masks: 1 = valid, 0 = hole, anything between.

    Returns (features, the mean of the mask under each window). Without a mask all pixels of the picture are valid, and
    only the zeros around it are not, so that the picture's rim is made as strong as its middle.
    """

    bias: nn.Parameter
    padding: tuple[int, int]

    def forward(  # type: ignore[override]  # masks go in and come out beside the features
        self, x: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        if mask is None:
            mask = x.new_ones(1, 1, *x.shape[-2:])
        else:
            x = x * mask
        area = self.kernel_size[0] * self.kernel_size[1]
        found = F.avg_pool2d(mask, self.kernel_size, self.stride, self.padding, divisor_override=1)
        covered = found.clamp(0, 1)
        x = F.conv2d(x, self.weight, None, self.stride, self.padding) * (covered * area / (found + 1e-8))
        return (x + self.bias.view(1, -1, 1, 1)) * covered, found / area


class ResidualBlock(nn.Module):
    """Two partial convolutions beside a shortcut; their sum is scaled to keep the variance.

    Given no mask, the second convolution still takes the map that the first one returns as its mask: below 1 along the
    rim. So do the authors' trained weights expect it.
    """

    def __init__(self, channels: int, out_channels: int, kernel: int):
        super().__init__()
        self.norm1 = PixelNorm(channels)
        self.conv1 = SoftPartialConv2d(channels, out_channels, kernel, padding=kernel // 2)
        self.norm2 = PixelNorm(out_channels)
        self.conv2 = SoftPartialConv2d(out_channels, out_channels, kernel, padding=kernel // 2)
        # a 1×1 partial convolution without a mask is a convolution
        self.short = nn.Conv2d(channels, out_channels, 1) if channels != out_channels else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        branch, mask = self.conv1(F.leaky_relu(self.norm1(x), 0.2), mask)
        branch, mask = self.conv2(F.leaky_relu(self.norm2(branch), 0.2), mask)
        return (branch + self.short(x)) / math.sqrt(2), mask
