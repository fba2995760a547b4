"""MAT's first stage, under the authors' key names: a transformer whose attention knows which tokens are valid.

Windows of tokens attend to each other, and invalid ones are not listened to; a window that holds a valid token is valid
as a whole from then on, so that validity spreads inwards from the hole's rim. Blocks have no normalisation layers and
no residual connections: a token and what it heard are fused.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.islands import island, scores, softmax
from lacuna.nn.stylegan2 import ActiveConv2d, EqualizedLinear, StyledConv2d, StyledRGB
from lacuna.systems._stylegan2 import with_known

UNHEARD = -100.0  # added to the logits of what is not to be listened to
SQUARE = 16  # height and width of the noise that a style makes
MASKED_LAYERS = 2  # of the five; to the later ones every token is valid

Keep = Callable[[Tensor], Tensor]  # features → the share of each that stays, in [0, 1]


class MaskedConv2d(nn.Module):
    """A 3×3 convolution whose result is scaled up by the share of its window that is not valid.

    As in the authors' code the result is scaled, bias and activation included, and features are not masked.
    """

    def __init__(self, channels: int, out_channels: int, resized: str = ""):
        super().__init__()
        self.conv = ActiveConv2d(channels, out_channels, 3, resized)
        self.stride = 2 if resized == "half" else 1

    def forward(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """x N×C×H×W, valid N×1×H×W of 0 and 1, or None where everything is."""
        x = self.conv(x)
        if valid is None:
            return x, None
        number = F.conv2d(valid, valid.new_ones(1, 1, 3, 3), stride=self.stride, padding=1)
        valid = number.clamp(0, 1)
        return x * (9 / (number + 1e-8) * valid), valid


# ---------------------------------------------------------------------- transformer


def windows(maps: Tensor, side: int) -> Tensor:
    """N×H×W×C → (N·H/side·W/side)×side²×C."""
    n, height, width, channels = maps.shape
    cut = maps.reshape(n, height // side, side, width // side, side, channels)
    return cut.transpose(2, 3).reshape(-1, side * side, channels)


def joined(cut: Tensor, side: int, like: Tensor) -> Tensor:
    """What `windows` cut, as a map N×H×W×C of the height and width of `like`."""
    n, height, width = like.shape[:3]
    rows = cut.reshape(n, height // side, width // side, side, side, cut.shape[-1])
    return rows.transpose(2, 3).reshape(n, height, width, cut.shape[-1])


def apart(maps: Tensor, side: int, shift: int) -> Tensor:
    """Of maps N×H×W×C that were rolled by −shift: which tokens of a window were no neighbours, windows×side²×side²."""

    def parts(length: int) -> Tensor:
        place = torch.arange(length, device=maps.device)
        return (place >= length - side).to(maps.dtype) + (place >= length - shift).to(maps.dtype)

    height, width = maps.shape[1:3]
    regions = 3 * parts(height)[:, None] + parts(width)
    region = windows(regions.expand(maps.shape[0], height, width)[..., None], side)
    return (region != region.transpose(1, 2)).to(maps.dtype)


class WindowAttention(nn.Module):
    """Attention among the tokens of a window; likeness is by direction, not by length."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.proj = (EqualizedLinear(channels, channels) for _ in range(4))

    def forward(self, x: Tensor, unheard: Tensor | None) -> Tensor:
        """x B×T×C; unheard B×(1 or T)×T: 1 where a token (row) does not listen to another (column)."""
        direction = _direction(x)
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.q(direction), self.k(direction), self.v(x))
        )
        logits = scores(query, key.transpose(-2, -1)) / query.shape[-1] ** 0.5
        if unheard is not None:
            logits = logits + UNHEARD * unheard[:, None]
        return self.proj((softmax(logits, -1) @ value).transpose(1, 2).flatten(2))


@island("normalisation")
def _direction(x: Tensor) -> Tensor:
    return F.normalize(x, dim=-1, eps=1e-12)


class Perceptron(nn.Module):
    """Two layers for each token, the first twice as wide."""

    def __init__(self, channels: int):
        super().__init__()
        self.fc1 = EqualizedLinear(channels, 2 * channels, active=True)
        self.fc2 = EqualizedLinear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.fc1(x))


class TransformerBlock(nn.Module):
    """Attention within windows of side × side tokens, which lie shifted by `shift` both ways."""

    def __init__(self, channels: int, heads: int, side: int, shift: int):
        super().__init__()
        self.side, self.shift = side, shift
        self.attn = WindowAttention(channels, heads)
        self.fuse = EqualizedLinear(2 * channels, channels, active=True)
        self.mlp = Perceptron(channels)

    def forward(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """x N×H×W×C, valid N×H×W×1."""
        side, unheard = self.side, None
        maps = self.rolled(x, -1)
        if self.shift:
            unheard = apart(maps, side, self.shift)
        if valid is not None:
            seen = windows(self.rolled(valid, -1), side)
            invalid = 1 - seen.transpose(1, 2)
            unheard = invalid if unheard is None else unheard + invalid
            reached = seen.amax(1, keepdim=True).expand_as(seen)
            valid = self.rolled(joined(reached, side, x), 1)
        heard = self.rolled(joined(self.attn(windows(maps, side), unheard), side, x), 1)
        return self.mlp(self.fuse(torch.cat([x, heard], -1))), valid

    def rolled(self, maps: Tensor, sign: int) -> Tensor:
        """By the shift, forwards or backwards, around the rims."""
        return maps.roll((sign * self.shift, sign * self.shift), (1, 2)) if self.shift else maps


class TransformerLayer(nn.Module):
    """Maybe half or twice the size, blocks, and a convolution, beside a shortcut.

    grid: height and width of its maps at the network's own size, in tokens.
    """

    def __init__(self, channels: int, heads: int, depth: int, grid: int, side: int, resized: str = ""):
        super().__init__()
        self.downsample = (
            nn.ModuleDict({"conv": MaskedConv2d(channels, channels, resized)}) if resized else None
        )  # the authors' name, for twice the size as well
        shifts = [side // 2 if index % 2 and grid > side else 0 for index in range(depth)]
        self.blocks = nn.ModuleList(TransformerBlock(channels, heads, side, shift) for shift in shifts)
        self.conv = MaskedConv2d(channels, channels)

    def forward(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """x N×C×H×W, valid N×1×H×W or None."""
        if self.downsample is not None:
            x, valid = self.downsample["conv"](x, valid)
        tokens = x.permute(0, 2, 3, 1)
        valid = None if valid is None else valid.permute(0, 2, 3, 1)
        for block in self.blocks:
            tokens, valid = block(tokens, valid)
        valid = None if valid is None else valid.permute(0, 3, 1, 2)
        made, valid = self.conv(tokens.permute(0, 3, 1, 2), valid)
        return x + made, valid


# ---------------------------------------------------------------------- the stage


class DecoderLevel(nn.Module):
    """Twice the size, with the encoder's features of that size, and the picture."""

    def __init__(self, channels: int, style: int):
        super().__init__()
        self.conv0 = StyledConv2d(channels, channels, style, doubled=True)
        self.conv1 = StyledConv2d(channels, channels, style)
        self.toRGB = StyledRGB(channels, style)

    def forward(self, x: Tensor, skip: Tensor, style: Tensor, picture: Tensor | None) -> tuple[Tensor, Tensor]:
        x = self.conv1(self.conv0(x, style) + skip, style)
        return x, self.toRGB(x, style, picture)


class FirstStage(nn.Module):
    """Image and mask, a style N×latent, and which of the tokens' features stay → a picture N×3×H×W in [−1, 1].

    resolution: the network's own height and width in pixels; grid: its tokens a side in the first of five layers;
    depths, sides: blocks of each layer, and its windows' sides.
    """

    def __init__(
        self,
        resolution: int,
        grid: int,
        channels: int,
        heads: int,
        depths: Sequence[int],
        sides: Sequence[int],
        latent: int,
    ):
        super().__init__()
        halvings = (resolution // grid).bit_length() - 1
        self.conv_first = MaskedConv2d(4, channels)
        self.enc_conv = nn.ModuleList(MaskedConv2d(channels, channels, "half") for _ in range(halvings))
        grids = [grid, grid // 2, grid // 4, grid // 2, grid]
        ways = ["", "half", "half", "double", "double"]
        self.tran = nn.ModuleList(
            TransformerLayer(channels, heads, *layer) for layer in zip(depths, grids, sides, ways, strict=True)
        )
        self.down_conv = nn.Sequential(
            *(ActiveConv2d(channels, channels, 3, "half") for _ in range((grid // 4).bit_length() - 1))
        )
        self.to_style = EqualizedLinear(channels, 2 * channels, active=True)
        self.ws_style = EqualizedLinear(latent, channels, active=True)
        self.to_square = EqualizedLinear(channels, SQUARE**2, active=True)
        self.dec_conv = nn.ModuleList(DecoderLevel(channels, 3 * channels) for _ in range(halvings))

    def forward(self, image: Tensor, mask: Tensor, style: Tensor, keep: Keep) -> Tensor:
        start, skips = self.encoded(image, mask)
        tokens, earlier = self.narrowed(*start)
        own = self.ws_style(style)
        x = with_noise(tokens, self.noise(own, tokens), keep)
        general = self.to_style(self.down_conv(x).mean((2, 3)))
        style = torch.cat([general, own], 1)
        for layer in self.tran[3:]:
            x = layer(x, None)[0] + earlier.pop()
        picture = None
        for level in self.dec_conv:
            x, picture = level(x, skips.pop(), style, picture)
        assert picture is not None, "there is a level"
        return picture

    def noise(self, own: Tensor, tokens: Tensor) -> Tensor:
        """Of a style N×C one number for each token of N×C×h×w, N×1×h×w."""
        made, (height, width) = self.to_square(own), tokens.shape[-2:]
        if height * width != SQUARE**2:
            made = F.interpolate(made[:, None], height * width, mode="linear")[:, 0]
        return made.reshape(-1, 1, height, width)

    def encoded(self, image: Tensor, mask: Tensor) -> tuple[tuple[Tensor, Tensor], list[Tensor]]:
        """((features of the first layer's size, where they are valid), the larger ones, largest first)."""
        x, valid = self.conv_first(with_known(image, mask), 1 - mask)
        skips = []
        for layer in self.enc_conv:
            skips.append(x)
            x, valid = layer(x, valid)
        return (x, valid), skips

    def narrowed(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        """(the third layer's features N×C×h×w, those of the first two)."""
        earlier = []
        for index, layer in enumerate(self.tran[:3]):
            x, valid = layer(x, valid if index < MASKED_LAYERS else None)
            earlier.append(x)
        return x, earlier[:-1]


def with_noise(x: Tensor, noise: Tensor, keep: Keep) -> Tensor:
    """Features N×C×h×w, and N×1×h×w for the share of each that does not stay."""
    stays = keep(x)
    return x * stays + noise * (1 - stays)
