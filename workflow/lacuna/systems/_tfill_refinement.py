"""TFill's second stage, at the picture's own size: a design of this project in the place of the authors'.

Known of the authors' (Zheng et al., CVPR 2022): it takes the first stage's completion, brought to the picture's size
and merged with the picture; it is an encoder and a decoder with an "attention-aware layer", which fetches features from
far away, from visible regions and from completed ones; it learns by the first stage's losses at its own size, and has
45,268,041 parameters. Its layers and key names are not known here, so that their weights cannot be loaded. Ours are:

- The input is the composite of picture and completion, and the mask as a fourth channel.
- Encoder and decoder are the first stage's residual blocks with 3×3 kernels and without masks, as in its decoder, as
  deep and as wide as the first stage. Skip connections are added at every scale.
- The attention-aware layer stands between them, where the map is smallest, and has one head. Likeness is measured among
  the decoder's features; visible places answer with the encoder's features, holes with the decoder's; and of the two
  answers the one with the closer match weighs more.
- It draws the whole picture anew, between tanh's bounds, as the first stage does, and no noise is added.
- Both stages learn at every step, the second from the first's result without reaching back into it; the authors train
  one after the other.
- Its discriminator is the first stage's, at the largest power of two that is not above the recipe's `image_size`.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.layers import initialise_kaiming, twice_the_size
from lacuna.nn.soft_partial_convolution import PartialConv2d, PixelNorm, ResidualBlock

PARAMETERS = 19_119_683  # at the first stage's default width and depth; a test counts them
SMALLEST_SHARE = 1e-6  # of a place that is wholly hole, or wholly visible: no place is out of reach


class AttentionAwareLayer(nn.Module):
    """Decoder features N×C×h×w, enriched by what alike places hold: the encoder's features, or the decoder's own."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = PixelNorm(channels)
        self.query = nn.Conv2d(channels, channels, 1)
        self.key = nn.Conv2d(channels, channels, 1, bias=False)  # a bias would shift all scores of a place alike
        self.visible = nn.Conv2d(channels, channels, 1)
        self.completed = nn.Conv2d(channels, channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, encoded: Tensor, hole: Tensor) -> Tensor:
        """encoded: N×C×h×w. hole: N×1×h×w, the share of each place that is hole."""
        placed = self.norm(x)
        scores = self.query(placed).flatten(2).transpose(1, 2) @ self.key(placed).flatten(2) / math.sqrt(x.shape[1])
        shares = (1 - hole, self.visible(encoded)), (hole, self.completed(placed))
        answers, closest = [], []
        for share, values in shares:
            reached = scores + share.flatten(2).clamp_min(SMALLEST_SHARE).log()
            answers.append(reached.softmax(-1) @ values.flatten(2).transpose(1, 2))
            closest.append(reached.amax(-1, keepdim=True))
        weights = torch.stack(closest).softmax(0)
        heard = (weights * torch.stack(answers)).sum(0)
        return x + self.out(heard.transpose(1, 2).unflatten(2, x.shape[-2:]))


class Down(nn.Module):
    """Half the size, twice the channels."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = PartialConv2d(channels, channels, 2, stride=2)
        self.block = ResidualBlock(channels, 2 * channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(self.conv(x)[0])[0]


class Up(nn.Module):
    """Twice the size, half the channels, and what the encoder had there."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = PartialConv2d(2 * channels, channels, 3, padding=1)
        self.block = ResidualBlock(channels, channels, 3)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.block(self.conv(twice_the_size(x))[0] + skip)[0]


class Refiner(nn.Module):
    """Composite N×3×H×W in [0, 1] and mask (1 = hole) → the picture drawn anew, in [0, 1].

    H and W are multiples of 2^scales. width: channels at the picture's size; they double at each halving.
    """

    def __init__(self, width: int, scales: int):
        super().__init__()
        widths = [width * 2**scale for scale in range(scales)]
        deepest = width * 2**scales
        self.scales = scales
        self.encode = PartialConv2d(4, width, 3, padding=1)
        self.down = nn.ModuleList(Down(channels) for channels in widths)
        self.middle = nn.ModuleList(ResidualBlock(deepest, deepest, 3) for _ in range(2))
        self.attention = AttentionAwareLayer(deepest)
        self.up = nn.ModuleList(Up(channels) for channels in reversed(widths))
        self.draw = nn.ModuleList([PixelNorm(width), nn.LeakyReLU(0.2), PartialConv2d(width, 3, 3, padding=1)])
        initialise_kaiming(self)

    def forward(self, composite: Tensor, mask: Tensor) -> Tensor:
        x, _ = self.encode(torch.cat([2 * composite - 1, mask], 1))
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(x)
        encoded = x
        before, after = self.middle
        x = self.attention(before(x)[0], encoded, F.avg_pool2d(mask, 2**self.scales))
        x, _ = after(x)
        for up in self.up:
            x = up(x, skips.pop())
        norm, activation, convolution = self.draw
        return (torch.tanh(convolution(activation(norm(x)))[0]) + 1) / 2
