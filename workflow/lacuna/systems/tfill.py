"""TFill: a transformer between a restrictive encoder and a decoder (the coarse stage).

C. Zheng, T.-J. Cham, J. Cai, D. Phung, "Bridging Global Context Interactions for High-Fidelity Image Completion",
CVPR 2022 (arXiv 2104.00845). Particular: the encoder's 1×1 kernels keep each token to its own patch, so that nothing
spreads before the transformer relates all patches at once; every token carries the share of its patch that is valid,
and attention listens to it accordingly: strictly in the first layer, ever less in the later ones.

As in the authors' code the network works at one size: any picture is resized to it and its completion is resized back.
The authors' second stage, which refines the resized completion at the picture's own size, is not part of this system.
"""

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.errors import LacunaError
from lacuna.nn import perceptual_similarity
from lacuna.nn.soft_partial_convolution import PartialConv2d, PixelNorm, ResidualBlock
from lacuna.nn.stylegan2 import Discriminator
from lacuna.nn.weighted_attention import POSITIONS, PositionEmbedding, TransformerLayer
from lacuna.systems import base
from lacuna.systems._released import read_tensors
from lacuna.systems.base import Deviation, Facts, Prediction, System, require_size


@dataclass(frozen=True)
class Recipe(base.Recipe):
    """Hyper-parameters; the defaults are those of the authors' code (github.com/lyndonzheng/TFill).

    fixed_size: height and width in pixels at which the network works, a power of two. width: channels at that size in
    encoder and decoder; they double at each of `scales` halvings, and tokens are as wide as the last map.
    hidden: width of the two-layer networks between attentions. discriminator_width: its channels at full size.
    hole_weight: of the hole's L1 beside the valid part's. noise_in_prediction: the decoder's noise is drawn when
    predicting too, so that a picture's completion depends on the seed and on its place in the list; without it, it
    depends on neither. as_released: see the deviations.
    """

    image_size: int = 256
    batch_size: int = 8
    iterations: int = 2_500_000
    fixed_size: int = 256
    width: int = 32
    scales: int = 4
    transformer_layers: int = 12
    heads: int = 8
    hidden: int = 2048
    discriminator_width: int = 32
    reconstruction_weight: float = 10.0
    hole_weight: float = 3.0
    perceptual_weight: float = 10.0
    adversarial_weight: float = 1.0
    learning_rate: float = 1e-4
    discriminator_rate_factor: float = 4.0
    betas: tuple[float, ...] = (0.5, 0.9)
    noise_in_prediction: bool = True
    as_released: bool = False

    def __post_init__(self):
        counts = (self.width, self.scales, self.transformer_layers, self.heads, self.hidden, self.discriminator_width)
        if min(counts) < 1:
            raise LacunaError("settings of system 'tfill' for widths, scales, layers, heads and hidden are at least 1")
        if self.fixed_size < 16 or self.fixed_size & (self.fixed_size - 1):
            raise LacunaError(
                f"setting 'fixed_size' of system 'tfill' is a power of two from 16 on, not {self.fixed_size}"
            )
        if not 1 <= self.fixed_size >> self.scales <= POSITIONS:
            raise LacunaError(
                f"system 'tfill' has {self.fixed_size} / 2^{self.scales} tokens a side, and there must be 1 to "
                f"{POSITIONS}; change 'scales' or 'fixed_size'"
            )
        if self.width * 2 ** (self.scales - 1) % self.heads:
            raise LacunaError(
                f"system 'tfill' shares {self.width * 2 ** (self.scales - 1)} channels (width × 2^(scales − 1)) "
                f"among {self.heads} heads; choose numbers that divide evenly"
            )


@dataclass
class CoarsePrediction(Prediction):
    """coarse: N×3×S×S on the [0, 1] scale, before it is resized, S the network's own size.

    encoder_mask: N×1×s×s, the valid share of each token's patch. tokens: N×C×s×s, what the transformer returned.
    """

    coarse: Tensor
    encoder_mask: Tensor
    tokens: Tensor


# ---------------------------------------------------------------------- encoder


class Down(nn.Module):
    """Half the size, twice the channels."""

    def __init__(self, channels: int):
        super().__init__()
        self.downsample = nn.ModuleDict({"conv": PartialConv2d(channels, channels, 2, stride=2)})
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
        self.encode = PartialConv2d(3, width, 1)
        self.down = nn.ModuleList(Down(width * 2**scale) for scale in range(scales))
        self.mid = nn.ModuleDict({f"block{number}": ResidualBlock(channels, channels, 1) for number in (1, 2)})
        self.conv_out = ResidualBlock(channels, channels, 1)
        _initialise(self)

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
        self.token_embed = PartialConv2d(channels, channels, 1)
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
        for layer in self.encoder_trans["layers"]:
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


def twice(x: Tensor) -> Tensor:
    """Twice the height and width."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


class ToRGB(nn.Module):
    """Features, and the picture at half the size if there is one → the picture in [−1, 1]."""

    def __init__(self, channels: int, skip: bool):
        super().__init__()
        channels += 3 * skip
        self.conv = nn.Sequential(PixelNorm(channels), nn.LeakyReLU(0.2), PartialConv2d(channels, 3, 3, padding=1))

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        if skip is not None:
            x = torch.cat([x, twice(skip)], 1)
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
        self.upsample = nn.ModuleDict({"conv": PartialConv2d(half, half, 3, padding=1)})

    def forward(self, x: Tensor, skip: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor]:
        for index, block in enumerate(self.block):
            x, _ = block(self.noise[index](x, mask))
            if self.attn:
                x = self.attn[index](x)
        skip = self.out(x, skip)
        return self.upsample["conv"](twice(x))[0], skip


class Decoder(nn.Module):
    """Tokens N×C×s×s, and the mask (1 = valid) for the noise → the picture N×3×S×S in [−1, 1]."""

    def __init__(self, width: int, scales: int, heads: int, hidden: int, noise_in_prediction: bool):
        super().__init__()
        channels = width * 2**scales
        attention = {"heads": heads, "hidden": hidden}
        self.conv_in = PartialConv2d(channels, channels, 3, padding=1)
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
        _initialise(self)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        x, _ = self.conv_in(tokens)
        x, _ = self.mid["block1"](x)
        x, _ = self.mid["block2"](self.mid["attn"](x))
        skip = None
        for up in self.up:
            x, skip = up(x, skip, mask)
        return self.decode(x, skip)


def _initialise(module: nn.Module) -> None:
    """Kaiming-normal weights of every convolution and linear layer, their biases 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight)
            nn.init.zeros_(part.bias)


# ---------------------------------------------------------------------- network and losses


class Generator(nn.Module):
    """Encoder, transformer and decoder under the authors' names, at one fixed size inside."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        width, scales, heads, hidden = recipe.width, recipe.scales, recipe.heads, recipe.hidden
        self.fixed_size = recipe.fixed_size
        self.netE = Encoder(width, scales)
        self.netT = Transformer(width * 2**scales, recipe.transformer_layers, heads, hidden)
        self.netG = Decoder(width, scales, heads, hidden, recipe.noise_in_prediction)

    def forward(self, image: Tensor, mask: Tensor) -> CoarsePrediction:
        require_size(image, mask, 1, 1, "tfill")
        masked = (2 * image - 1) * (1 - mask)
        masked, valid = resized(masked, self.fixed_size).clamp(-1, 1), valid_at(mask, self.fixed_size)
        features, encoder_mask = self.netE(masked, valid)
        tokens = self.netT(features, encoder_mask)
        coarse = (self.netG(tokens, valid) + 1) / 2
        return CoarsePrediction(resized(coarse, image.shape[-2:]), coarse, encoder_mask, tokens)


def resized(x: Tensor, size) -> Tensor:
    """x at another height and width, or at a square's; at its own it stays as it is."""
    height, width = (size, size) if isinstance(size, int) else size
    if x.shape[-2:] == (height, width):
        return x
    return F.interpolate(x, (height, width), mode="bicubic", align_corners=True)


def valid_at(mask: Tensor, size: int) -> Tensor:
    """The mask N×1×H×W (1 = hole) at size × size in the authors' polarity: 1 where all, or nearly all, is valid."""
    return (resized(1 - mask, size) > 0.9).to(mask.dtype)


def reconstruction_loss(made: Tensor, true: Tensor, valid: Tensor, hole_weight: float) -> Tensor:
    """L1 over the hole times its weight, plus L1 over the valid part; each the mean over the *whole* picture."""
    difference = (made - true).abs()
    return hole_weight * (difference * (1 - valid)).mean() + (difference * valid).mean()


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The logistic loss: high logits for real pictures, low ones for fakes."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


# ---------------------------------------------------------------------- the system


class TFill(System):
    """Coarse stage, StyleGAN2 discriminator, and L1 + LPIPS + adversarial losses on the raw prediction at fixed size.

    Losses are logged with their weights, so that all but `discriminator` sum up to what the generator minimises. The
    raw prediction only resembles the valid part; the authors save and judge the composite at the picture's size.
    """

    facts = Facts(
        name="tfill",
        title="TFill",
        paper="Bridging Global Context Interactions for High-Fidelity Image Completion (Zheng et al.)",
        year=2022,
        url="https://arxiv.org/abs/2104.00845",
        licence="MIT; its README: for educational and academic research only",
        kind="deep",
        authors_mask="1 = valid",
        authors_range=(-1.0, 1.0),
        parameters=64_179_271,
        parts={
            "encoder": 3_328_576,
            "transformer": 38_374_912,
            "decoder": 22_475_783,
            "discriminator": 19_048_993,
        },
        # not the transformer's: its tokens' weights treat positive and negative logits differently
        zero_gradient=("network.netG.*.attn.to_k.bias",),
        deviations=(
            Deviation(
                "as_released",
                False,
                "LPIPS in training is the published distance; in the released code half of its channels, drawn anew "
                "for every pixel, are left out: a dropout that was never switched off.",
            ),
            Deviation(
                "noise_in_prediction",
                True,
                "The decoder's noise is drawn when predicting, as by the authors; without it a prediction does not "
                "depend on the seed.",
            ),
            Deviation(
                "batch_size",
                8,
                "Batches that are no multiple of 4 are taken too: the discriminator compares groups of the largest "
                "divisor of the batch size up to 4.",
            ),
        ),
    )
    Recipe = Recipe
    # the contract makes weights four times as large; with more heads or layers the sharp attention would be chaotic
    small = {
        "fixed_size": 16,
        "width": 8,
        "scales": 2,
        "transformer_layers": 1,
        "heads": 1,
        "hidden": 8,
        "discriminator_width": 4,
        "image_size": 16,
    }

    def __init__(self, **settings):
        super().__init__(**settings)
        self.network = Generator(self.recipe)
        self.discriminator = Discriminator(self.recipe.fixed_size, self.recipe.discriminator_width)

    @classmethod
    def backbones(cls, recipe: Recipe) -> tuple[str, ...]:
        return ("lpips_vgg",)

    def load_backbones(self, folder: str | Path, device: torch.device) -> None:
        dropout = 0.5 if self.recipe.as_released else 0.0
        similarity = perceptual_similarity.PerceptualSimilarity(folder, dropout)
        self.similarity = similarity.to(device, memory_format=torch.channels_last)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        recipe = self.recipe
        rates = {"network": 1.0, "discriminator": recipe.discriminator_rate_factor}
        return {
            name: torch.optim.Adam(module.parameters(), factor * recipe.learning_rate, recipe.betas)
            for (name, factor), module in zip(rates.items(), (self.network, self.discriminator), strict=True)
        }

    def training_step(self, image, mask, optimizers, backward):
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        recipe, size = self.recipe, self.recipe.fixed_size
        true, valid = resized(image, size).clamp(0, 1), valid_at(mask, size)
        made = self.network(image, mask).coarse

        learning = discriminator_loss(self.discriminator(true), self.discriminator(made.detach()))
        backward(learning)
        optimizers["discriminator"].step()

        self.discriminator.requires_grad_(False)
        # the authors' L1 is on the scale [−1, 1]: twice ours
        reconstruction = 2 * reconstruction_loss(made, true, valid, recipe.hole_weight)
        losses = {
            "reconstruction": recipe.reconstruction_weight * reconstruction,
            "perceptual": recipe.perceptual_weight * self.similarity(made, true),
            "adversarial": recipe.adversarial_weight * F.softplus(-self.discriminator(made)).mean(),
        }
        backward(torch.stack(list(losses.values())).sum())
        optimizers["network"].step()
        self.discriminator.requires_grad_(True)
        return {name: loss.detach() for name, loss in {**losses, "discriminator": learning}.items()}

    def load_released(self, mapping_or_path, part: str = "network") -> None:
        """As every system's; the authors keep three files, and their contents may also come as one mapping of three:
        `{"netE": …, "netT": …, "netG": …}`."""
        arrays = mapping_or_path
        if isinstance(mapping_or_path, str | Path):
            arrays, _ = read_tensors(mapping_or_path)
        if part == "network" and set(arrays) == {"netE", "netT", "netG"}:
            arrays = {f"{net}.{key}": value for net, inside in arrays.items() for key, value in inside.items()}
        super().load_released(arrays, part)


SYSTEM = TFill
