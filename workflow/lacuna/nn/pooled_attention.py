"""Self-attention with pooled keys, and the instance-normalised convolutions around it.

J. Yang, Z. Qi, Y. Shi, "Learning to Incorporate Structure Knowledge for Image Inpainting", AAAI 2020. The layers begin
as TensorFlow's do: Glorot uniform weights, zero biases.
"""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.blocked_attention import attend
from lacuna.nn.islands import scores, softmax
from lacuna.nn.layers import ReflectionPad2d, initialise_normal

EPSILON = 1e-6  # added to the variance by instance normalisation


_Convolution = TypeVar("_Convolution", nn.Conv2d, nn.ConvTranspose2d)


class Convolution(nn.Module):
    """Reflection padding, a convolution with bias, instance normalisation with gain and bias, an activation or none."""

    def __init__(
        self,
        channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
        activation: Callable[[Tensor], Tensor] | None = F.relu,
    ):
        super().__init__()
        padding = dilation * (kernel - 1) // 2
        self.pad = ReflectionPad2d(padding) if padding else nn.Identity()
        self.convolution = _glorot(nn.Conv2d(channels, out_channels, kernel, stride, dilation=dilation))
        self.norm = nn.InstanceNorm2d(out_channels, EPSILON, affine=True)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.convolution(self.pad(x)))
        return x if self.activation is None else self.activation(x)


class UpConvolution(nn.Module):
    """Twice the size by a transposed 4×4 convolution with bias, instance normalisation, ReLU."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.convolution = _glorot(nn.ConvTranspose2d(channels, out_channels, 4, 2, 1))
        self.norm = nn.InstanceNorm2d(out_channels, EPSILON, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.convolution(x)))


class PooledAttention(nn.Module):
    """Maps N×C×H×W, H and W even, plus what half their size attends to at a quarter of it, times a learned gain.

    Attention has max(1, C/16) channels, one head and no scaling, and every place is attended to, in the hole or not.
    Keys and values are the maxima of 2×2 places; where a side is odd, the last ones are of fewer. in_blocks: whether
    the scores are computed some at a time, which takes less time and memory and rounds otherwise.
    """

    in_blocks = False

    def __init__(self, channels: int, initial_gain: float = 0.0):
        super().__init__()
        inner = max(1, channels // 16)
        self.down = Convolution(channels, channels, 4, stride=2)
        self.key = nn.Conv2d(channels, inner, 1)
        self.query = nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, inner, 1)
        self.up = UpConvolution(inner, channels)
        self.gain = nn.Parameter(torch.full((1,), initial_gain))
        for projection in (self.key, self.query, self.value):
            initialise_normal(projection, 0.02)

    def forward(self, x: Tensor) -> Tensor:
        half = self.down(x)
        key, value = (F.max_pool2d(each(half), 2, ceil_mode=True).flatten(2) for each in (self.key, self.value))
        query = self.query(half)
        if self.in_blocks:
            found = attend(query.flatten(2), key, value)
        else:
            attention = softmax(scores(query.flatten(2).transpose(1, 2), key), -1)  # N × places × pooled places
            found = value @ attention.transpose(1, 2)
        return x + self.gain * self.up(found.view_as(query))


def _glorot(convolution: _Convolution) -> _Convolution:
    nn.init.xavier_uniform_(convolution.weight)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution
