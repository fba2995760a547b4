"""TFill's second stage, at the picture's own size, under the authors' key names.

An encoder and a decoder of the first stage's blocks with 3×3 kernels, and between them, at an eighth of the size, an
"attention-aware" layer: alike places answer each other, visible ones with what the encoder had there, and holes with
what the decoder has made so far.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.islands import scores, softmax
from lacuna.nn.layers import initialise_kaiming, twice_the_size
from lacuna.nn.soft_partial_convolution import PixelNorm, ResidualBlock, SoftPartialConv2d
from lacuna.systems._tfill_coarse import ToRGB

PARAMETERS = 45_268_041  # at the first stage's default width and depth; a test counts them
LAYERS = 6  # residual blocks where the map is smallest
HEADS = 2
EIGHTH = 3  # halvings, after which the attention looks
LEAST = 1e-8  # of a place's share, by which unlikeness is divided


class AttentionAwareLayer(nn.Module):
    """Decoder features N×C×h×w, enriched by what alike places hold: the encoder's features, or the decoder's own."""

    def __init__(self, channels: int):
        super().__init__()
        self.query_conv, self.key_conv = (
            nn.Sequential(PixelNorm(channels), nn.LeakyReLU(0.2), nn.Conv2d(channels, channels, 1)) for _ in range(2)
        )
        self.weight = nn.Conv2d(2 * HEADS, 2, 1)
        self.to_out = ResidualBlock(2 * channels, channels, 1)

    def forward(self, x: Tensor, encoded: Tensor, valid: Tensor) -> Tensor:
        """encoded: N×C×h×w. valid: N×1×h×w in [0, 1], the share of each place that is not hole."""
        query, key, made, known = map(_by_head, (self.query_conv(x), self.key_conv(x), x, encoded))
        likeness = scores(query, key.transpose(-2, -1)) / key.shape[-1] ** 0.5
        share = valid.flatten(2)[:, None]
        shares = share, 1 - share
        # of each place and head, the likeness of the most alike visible place and of the most alike hole
        closest = torch.cat([(likeness.detach() * each).amax(-1) for each in shares], 1)
        weights = softmax(self.weight(closest.unflatten(-1, x.shape[-2:])), 1)
        answers = [
            (softmax(_weighted(likeness, each), -1) @ values).transpose(-2, -1).reshape_as(x)
            for each, values in zip(shares, (known, made), strict=True)
        ]
        heard = weights[:, :1] * answers[0] + weights[:, 1:] * answers[1]
        return self.to_out(torch.cat([heard, x], 1))[0]


def _by_head(x: Tensor) -> Tensor:
    """N×C×h×w → N×heads×(h·w)×(C / heads)."""
    return x.flatten(2).unflatten(1, (HEADS, -1)).transpose(-2, -1)


def _weighted(likeness: Tensor, share: Tensor) -> Tensor:
    """Less likeness, and more unlikeness, where the share is small."""
    return torch.where(likeness > 0, likeness * share, likeness / (share + LEAST))


class Down(nn.Module):
    """Half the size, twice the channels; returns what there was before the blocks as well."""

    def __init__(self, channels: int):
        super().__init__()
        self.downsample = nn.ModuleDict({"conv": SoftPartialConv2d(channels, channels, 3, stride=2, padding=1)})
        self.block = nn.ModuleList(
            [ResidualBlock(channels, 2 * channels, 3), ResidualBlock(2 * channels, 2 * channels, 3)]
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        before, _ = self.downsample["conv"](x)
        x = before
        for block in self.block:
            x, _ = block(x)
        return x, before


class Up(nn.Module):
    """Half the channels, maybe attention, a picture, and twice the size."""

    def __init__(self, channels: int, skip: bool, attention: bool):
        super().__init__()
        half = channels // 2
        self.attn = AttentionAwareLayer(half) if attention else None
        self.block = nn.ModuleList([ResidualBlock(channels, half, 3), ResidualBlock(half, half, 3)])
        self.out = ToRGB(half, skip)
        self.upsample = nn.ModuleDict({"conv": SoftPartialConv2d(half, half, 3, padding=1)})

    def forward(self, x: Tensor, skip: Tensor | None, encoded: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor]:
        for block in self.block:
            x, _ = block(x)
        if self.attn is not None:
            valid = F.interpolate(1 - mask, x.shape[-2:], mode="bilinear", align_corners=True)
            x = self.attn(x, encoded, valid)
        skip = self.out(x, skip)
        return self.upsample["conv"](twice_the_size(x))[0], skip


class Refiner(nn.Module):
    """Composite N×3×H×W in [0, 1] and mask (1 = hole) → the picture drawn anew, in [0, 1].

    H and W are multiples of 2^scales. width: channels at the picture's size; they double at each halving. With fewer
    than `EIGHTH` scales there is no attention, as in the authors' code.
    """

    def __init__(self, width: int, scales: int):
        super().__init__()
        deepest = width * 2**scales
        self.encode = SoftPartialConv2d(3, width, 3, padding=1)
        self.down = nn.ModuleList(Down(width * 2**scale) for scale in range(scales))
        self.mid = nn.ModuleList(ResidualBlock(deepest, deepest, 3) for _ in range(LAYERS))
        self.up = nn.ModuleList(Up(deepest >> scale, scale > 0, scale == scales - EIGHTH) for scale in range(scales))
        self.decode = ToRGB(width, skip=True)
        initialise_kaiming(self)

    def forward(self, composite: Tensor, mask: Tensor) -> Tensor:
        x, _ = self.encode(2 * composite - 1)
        befores = []
        for down in self.down:
            x, before = down(x)
            befores.append(before)
        for block in self.mid:
            x, _ = block(x)
        skip = None
        for up in self.up:
            x, skip = up(x, skip, befores[EIGHTH - 1] if up.attn else None, mask)
        return (self.decode(x, skip) + 1) / 2
