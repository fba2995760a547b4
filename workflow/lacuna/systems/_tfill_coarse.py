"""The three networks of TFill's first stage, under the authors' key names: encoder, transformer, decoder."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.layers import initialise_kaiming, twice_the_size
from lacuna.nn.soft_partial_convolution import PixelNorm, ResidualBlock, SoftPartialConv2d
from lacuna.nn.weighted_attention import PositionEmbedding, TransformerLayer

# ---------------------------------------------------------------------- encoder


class Down(nn.Module):
    """Half the size, twice the channels."""

    def __init__(self, channels: int):
        super().__init__()
        self.downsample = nn.ModuleDict({"conv": SoftPartialConv2d(channels, channels, 2, stride=2)})
        self.block = nn.ModuleList(
            [ResidualBlock(channels, 2 * channels, 1), ResidualBlock(2 * channels, 2 * channels, 1)]
        )

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x, mask = self.downsample["conv"](x, mask)
        for block in self.block:
            x, mask = block(x, mask)
        return x, mask


class Encoder(nn.Module):
    """Image and mask (1 = valid) → one token for each patch, and its valid share. No token sees another patch."""

    def __init__(self, width: int, scales: int):
        super().__init__()
        channels = width * 2**scales
        self.encode = SoftPartialConv2d(3, width, 1)
        self.down = nn.ModuleList(Down(width * 2**scale) for scale in range(scales))
        self.mid = nn.ModuleDict({f"block{number}": ResidualBlock(channels, channels, 1) for number in (1, 2)})
        self.conv_out = ResidualBlock(channels, channels, 1)
        initialise_kaiming(self)

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x, mask = self.encode(image, mask)
        for block in (*self.down, *self.mid.values(), self.conv_out):
            x, mask = block(x, mask)
        return x, mask


# ---------------------------------------------------------------------- transformer


class Transformer(nn.Module):
    """Tokens N×C×h×w with their valid shares N×1×h×w → tokens that know of each other, of the same shape."""

    def __init__(self, channels: int, layers: int, heads: int, hidden: int):
        super().__init__()
        self.token_embed = SoftPartialConv2d(channels, channels, 1)
        self.pos_embed = PositionEmbedding(channels)
        layer = TransformerLayer(channels, heads, hidden)
        for linear in (layer.attn.to_q, layer.attn.to_k, layer.attn.to_v):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
        # the authors' layers begin as copies of one another
        copies = nn.ModuleList(copy.deepcopy(layer) for _ in range(layers))
        self.encoder_trans = nn.ModuleDict({"layers": copies})
        self.to_token = nn.Sequential(PixelNorm(channels), nn.GELU(), nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x, _ = self.token_embed(x, mask)
        position = self.pos_embed(*x.shape[-2:])
        weight = mask.flatten(1).clamp_min(0.01)
        layers: Any = self.encoder_trans["layers"]
        for layer in layers:
            x = layer(x, position, weight)
            weight = weight.sqrt()
        return self.to_token(x)


# ---------------------------------------------------------------------- decoder


class HoleNoise(nn.Module):
    """Normal noise of a learned strength, the same for all channels, in the hole only."""

    def __init__(self, in_prediction: bool):
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(1))
        self.in_prediction = in_prediction

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if not (self.training or self.in_prediction):
            return x
        hole = 1 - F.interpolate(mask, x.shape[-2:], mode="bilinear", align_corners=True)
        noise = torch.randn(len(x), 1, *x.shape[-2:], device=x.device, dtype=x.dtype)
        return x + self.alpha * noise * hole


class ToRGB(nn.Module):
    """Features, and the picture at half the size if there is one → the picture in [−1, 1]."""

    def __init__(self, channels: int, skip: bool):
        super().__init__()
        channels += 3 * skip
        self.conv = nn.Sequential(PixelNorm(channels), nn.LeakyReLU(0.2), SoftPartialConv2d(channels, 3, 3, padding=1))

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        if skip is not None:
            x = torch.cat([x, twice_the_size(skip)], 1)
        return torch.tanh(self.conv(x)[0])


class Up(nn.Module):
    """Half the channels, a picture, and twice the size."""

    def __init__(self, channels: int, skip: bool, attention: dict | None, noise_in_prediction: bool):
        super().__init__()
        half = channels // 2
        self.block = nn.ModuleList([ResidualBlock(channels, half, 3), ResidualBlock(half, half, 3)])
        self.attn = nn.ModuleList(TransformerLayer(half, **attention) for _ in self.block if attention)
        self.noise = nn.ModuleList(HoleNoise(noise_in_prediction) for _ in self.block)
        self.out = ToRGB(half, skip)
        self.upsample = nn.ModuleDict({"conv": SoftPartialConv2d(half, half, 3, padding=1)})

    def forward(self, x: Tensor, skip: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor]:
        for index, block in enumerate(self.block):
            x, _ = block(self.noise[index](x, mask))
            if self.attn:
                x = self.attn[index](x)
        skip = self.out(x, skip)
        return self.upsample["conv"](twice_the_size(x))[0], skip


class Decoder(nn.Module):
    """Tokens N×C×s×s, and the mask (1 = valid) for the noise → the picture N×3×S×S in [−1, 1]."""

    def __init__(self, width: int, scales: int, heads: int, hidden: int, noise_in_prediction: bool):
        super().__init__()
        channels = width * 2**scales
        attention = {"heads": heads, "hidden": hidden}
        self.conv_in = SoftPartialConv2d(channels, channels, 3, padding=1)
        self.mid = nn.ModuleDict(
            {
                "block1": ResidualBlock(channels, channels, 3),
                "attn": TransformerLayer(channels, **attention),
                "block2": ResidualBlock(channels, channels, 3),
            }
        )
        self.up = nn.ModuleList(
            Up(channels >> scale, scale > 0, None if scale else attention, noise_in_prediction)
            for scale in range(scales)
        )
        self.decode = ToRGB(width, skip=True)
        initialise_kaiming(self)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        x, _ = self.conv_in(tokens)
        x, _ = self.mid["block1"](x)
        x, _ = self.mid["block2"](self.mid["attn"](x))
        skip = None
        for up in self.up:
            x, skip = up(x, skip, mask)
        return self.decode(x, skip)
