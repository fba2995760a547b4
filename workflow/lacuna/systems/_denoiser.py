"""The network that finds the noise in a picture: a U-Net that is told the level of the noise.

J. Ho, A. Jain, P. Abbeel, "Denoising Diffusion Probabilistic Models", NeurIPS 2020, appendix B: residual blocks with
group normalisation, self-attention at the lowest scale, the level as sines and cosines into every block.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GROUPS = 32  # at most; two channels in a group at least, so that none loses what the level adds to it


def normalisation(channels: int) -> nn.GroupNorm:
    """Group normalisation."""
    return nn.GroupNorm(math.gcd(GROUPS, channels // 2) if channels % 2 == 0 else 1, channels)


def embedding(levels: Tensor, size: int, like: Tensor) -> Tensor:
    """Levels N → N×size: sines and cosines of wavelengths from 2π to 10,000 · 2π, in the type of `like`."""
    rates = torch.exp(-math.log(10_000) / (size // 2) * torch.arange(size // 2, device=like.device, dtype=like.dtype))
    angles = levels.to(like)[:, None] * rates
    return F.pad(torch.cat([angles.sin(), angles.cos()], 1), (0, size % 2))


class ResidualBlock(nn.Module):
    """Two convolutions, each after a normalisation and SiLU; the level is added between them."""

    def __init__(self, channels: int, out_channels: int, level: int):
        super().__init__()
        self.norm1, self.norm2 = normalisation(channels), normalisation(out_channels)
        self.conv1 = nn.Conv2d(channels, out_channels, 3, padding=1)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.level = nn.Linear(level, out_channels)
        self.skip = nn.Conv2d(channels, out_channels, 1) if channels != out_channels else nn.Identity()

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        inner = self.conv1(F.silu(self.norm1(x))) + self.level(F.silu(level))[..., None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(inner)))


class Attention(nn.Module):
    """Every place looks at every other one, with one head."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = normalisation(channels)
        self.tokens = nn.Conv2d(channels, 3 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        n, channels, height, width = x.shape
        query, key, value = self.tokens(self.norm(x)).reshape(n, 3, channels, -1).transpose(2, 3).unbind(1)
        seen = torch.softmax(query @ key.transpose(1, 2) / math.sqrt(channels), -1) @ value
        return x + self.out(seen.transpose(1, 2).reshape(n, channels, height, width))


class Denoiser(nn.Module):
    """Pictures N×3×H×W in [−1, 1] with noise, and its level N → the noise N×3×H×W.

    width: channels at the picture's own size; multipliers: of it at each halving, from the picture's size on; H and W
    are multiples of 2^(len − 1). blocks: residual blocks at each size on the way down.
    """

    def __init__(self, width: int, multipliers: Sequence[int], blocks: int):
        super().__init__()
        self.width, level = width, 4 * width
        sizes = [width * each for each in multipliers]
        self.level = nn.Sequential(nn.Linear(width, level), nn.SiLU(), nn.Linear(level, level))
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        skips, channels = [width], width
        for place, out in enumerate(sizes):
            for _ in range(blocks):
                self.down.append(ResidualBlock(channels, out, level))
                channels = out
                skips.append(channels)
            if place < len(sizes) - 1:
                self.down.append(nn.Conv2d(channels, channels, 3, 2, 1))
                skips.append(channels)
        self.middle = nn.ModuleList(
            [ResidualBlock(channels, channels, level), Attention(channels), ResidualBlock(channels, channels, level)]
        )
        for place, out in reversed(list(enumerate(sizes))):
            for _ in range(blocks + 1):
                self.up.append(ResidualBlock(channels + skips.pop(), out, level))
                channels = out
            if place:
                self.up.append(nn.Conv2d(channels, channels, 3, padding=1))
        self.last = nn.Sequential(normalisation(channels), nn.SiLU(), nn.Conv2d(channels, 3, 3, padding=1))

    def forward(self, x: Tensor, levels: Tensor) -> Tensor:
        level = self.level(embedding(levels, self.width, x))
        skips = [self.first(x)]
        for part in self.down:
            skips.append(part(skips[-1], level) if isinstance(part, ResidualBlock) else part(skips[-1]))
        before, attention, behind = self.middle
        x = behind(attention(before(skips[-1], level)), level)
        for part in self.up:
            if isinstance(part, ResidualBlock):
                x = part(torch.cat([x, skips.pop()], 1), level)
            else:
                x = part(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.last(x)
