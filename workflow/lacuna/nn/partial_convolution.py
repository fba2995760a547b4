"""Partial convolution: a convolution that looks at valid pixels only, and says where it could see any.

G. Liu, F. Reda, K. Shih, T.-C. Wang, A. Tao, B. Catanzaro, "Image Inpainting for Irregular Holes Using Partial
Convolutions", ECCV 2018 (arXiv 1804.07723), equations 1 and 2.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PartialConv2d(nn.Module):
    """Convolution of the valid pixels, scaled up by the share of the window that is valid.

    With S the valid elements of a window (all channels) out of N = channels · kernel², and W the weights:
    `W·(x·valid) · N/S + bias` where S > 0, and 0 in a dead window, where S = 0. Padding counts as invalid, so the rims
    of the picture are scaled up too. The weights lie in `input_conv`, the name that released files use.

    The authors convolve a mask of as many channels as the features with a kernel of ones, which doubles the work. The
    channels of a feature map share one mask, so the mean of one channel over the window gives the same S/N.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, bias: bool = False):
        super().__init__()
        self.input_conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=bias)
        nn.init.kaiming_normal_(self.input_conv.weight)
        if self.input_conv.bias is not None:
            nn.init.zeros_(self.input_conv.bias)

    def forward(self, *inputs: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Pairs (features N×C×H×W, valid N×1×H×W of 0 and 1) → (features, valid), each at H/stride × W/stride.

        Several pairs of one size are concatenated; each keeps its own mask. An output pixel is valid if its window
        held any valid element.
        """
        convolution = self.input_conv
        share = self.valid_share(inputs)
        valid = (share > 0).to(share.dtype)
        # no share of a living window is below one element, so this only keeps 1/0 out of the dead ones
        factor = valid / share.clamp_min(1 / convolution.weight[0].numel())
        x = torch.cat([features * mask for features, mask in inputs], 1)
        x = F.conv2d(x, convolution.weight, None, convolution.stride, convolution.padding) * factor
        if convolution.bias is not None:
            x = x + convolution.bias.view(1, -1, 1, 1) * valid
        return x, valid

    @torch.no_grad()
    def valid_share(self, inputs: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """S/N of every window, N×1×h×w: the masks' means over the window, weighted by the channels behind each."""
        convolution = self.input_conv
        window: Any = (convolution.kernel_size, convolution.stride, convolution.padding)
        valid: Any = sum(features.shape[1] * F.avg_pool2d(mask, *window) for features, mask in inputs)
        return valid / convolution.in_channels
