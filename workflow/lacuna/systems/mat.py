"""MAT: a transformer that fills large holes, and many fillings of one hole.

W. Li, Z. Lin, K. Zhou, L. Qi, Y. Wang, J. Jia, "MAT: Mask-Aware Transformer for Large Hole Image Inpainting", CVPR 2022
(arXiv 2203.15270). Particular: attention listens to valid tokens alone, which spread from layer to layer; a latent
vector modulates the style, and a random half of the deepest features is replaced by noise, so that every draw is
another picture. A second, convolutional stage draws the details.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.nn import vgg
from lacuna.nn.losses import weighted
from lacuna.nn.stylegan2 import ActiveConv2d, EqualizedLinear, Mapping, NoisyStyledConv2d, ResidualJudge, StyledRGB
from lacuna.systems import _stylegan2
from lacuna.systems._mat_first_stage import SQUARE, FirstStage, Keep, with_noise
from lacuna.systems._stylegan2 import StyleGAN2System, sizes, with_known
from lacuna.systems.base import Deviation, Facts, Prediction, require_size, where_known

BOTTOM = 16  # height and width in pixels of the second stage's smallest maps
GROUP = 8  # pictures of a batch that the discriminator compares
TRUNCATION = 0.5  # in training: how far styles lie from their mean
MIXING = 0.5  # in training: how often a second style takes over
# Layers before their ReLU, with their weights.
PERCEPTUAL_LAYERS = {
    "vgg19": {"conv4_4": 1 / 4, "conv5_4": 1 / 2},
    "vgg16": {"conv4_3": 1 / 4, "conv5_3": 1 / 2},
}
UNREAD = re.compile(r"\.(resample_filter|attn_mask)$")  # in the authors' files: constants


@dataclass(frozen=True)
class Recipe(_stylegan2.Recipe):
    """Hyper-parameters; the defaults are those of the authors' code (github.com/fenglinglwb/MAT) for 256 pixels.

    resolution: 256 or 512 as released. grid: tokens a side in the first of the five layers. dim: their channels, among
    `heads`. depths, windows: blocks of each layer, and the sides of their windows in tokens. latent: numbers that a
    picture is drawn from. feature_network: of the perceptual loss. noise_in_prediction: latent vector and features
    that stay are drawn when predicting, too, so that every seed has a completion of its own; without it the style is
    the mean one and every feature stays by half. The authors predict with an average of the weights (half-life:
    10,000 pictures); with released weights, their average is what is released.
    """

    grid: int = 64
    dim: int = 180
    heads: int = 6
    depths: tuple[int, ...] = (2, 3, 4, 3, 2)
    windows: tuple[int, ...] = (8, 16, 16, 16, 8)
    latent: int = 512
    noise_in_prediction: bool = True
    feature_network: str = "vgg19"
    perceptual_weight: float = 0.1

    smallest = 2 * BOTTOM

    @property
    def teaching(self) -> dict[str, float]:
        return super().teaching | {"perceptual_weight": self.perceptual_weight}

    def __post_init__(self):
        super().__post_init__()
        self.require_sound("mat")
        if self.feature_network not in PERCEPTUAL_LAYERS:
            raise LacunaError(
                f"setting 'feature_network' of system 'mat' is one of {', '.join(PERCEPTUAL_LAYERS)}, "
                f"not '{self.feature_network}'"
            )
        if min(self.dim, self.heads, self.latent) < 1 or self.dim % self.heads:
            raise LacunaError(
                f"system 'mat' shares 'dim' {self.dim} among {self.heads} heads and has {self.latent} latent numbers; "
                "choose numbers of at least 1 that divide evenly"
            )
        if self.grid < 8 or self.grid & (self.grid - 1) or self.grid >= self.resolution:
            raise LacunaError(
                f"setting 'grid' of system 'mat' is a power of two from 8 on and below its resolution, "
                f"{self.resolution}, not {self.grid}"
            )
        grids = [self.grid, self.grid // 2, self.grid // 4, self.grid // 2, self.grid]
        if len(self.depths) != 5 or len(self.windows) != 5 or min(*self.depths, *self.windows) < 1:
            raise LacunaError("system 'mat' has five layers: 'depths' and 'windows' are five numbers of at least 1")
        if any(grid % window for grid, window in zip(grids, self.windows, strict=True)):
            raise LacunaError(
                f"system 'mat' cuts grids of {grids} tokens a side into windows of {list(self.windows)}; choose "
                "numbers that divide evenly"
            )


# ---------------------------------------------------------------------- generator


@dataclass
class StagedPrediction(Prediction):
    """first: the first stage's picture N×3×H×W on the [0, 1] scale, not clamped."""

    first: Tensor

    def known_only(self, truth: Tensor, known: Tensor) -> Self:
        return replace(super().known_only(truth, known), first=where_known(known, self.first, truth))


class EncoderLevel(nn.Module):
    """Two convolutions; the first level's begins with a 1×1, the others' with half the size."""

    def __init__(self, channels: int, out_channels: int, first: bool):
        super().__init__()
        self.conv0 = ActiveConv2d(channels, out_channels, *((1, "") if first else (3, "half")))
        self.conv1 = ActiveConv2d(out_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv1(self.conv0(x))


class GeneralStyle(nn.Module):
    """Features N×C×16×16 → what they say about the whole picture, N×F."""

    def __init__(self, channels: int, features: int):
        super().__init__()
        self.conv = nn.Sequential(*(ActiveConv2d(channels, channels, 3, "half") for _ in range(3)))
        self.fc = EqualizedLinear(channels, features, active=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.conv(x).mean((2, 3)))


class FirstDecoderLevel(nn.Module):
    """At the size of the smallest maps."""

    def __init__(self, channels: int, style: int):
        super().__init__()
        self.conv0 = ActiveConv2d(channels, channels)
        self.conv1 = NoisyStyledConv2d(channels, channels, style, BOTTOM)
        self.toRGB = StyledRGB(channels, style)

    def forward(self, x: Tensor, styles: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        x = self.conv1(self.conv0(x) + x, styles[0])
        return x, self.toRGB(x, styles[1], None)


class DecoderLevel(nn.Module):
    """Twice the size, with the encoder's features of that size, and the picture."""

    def __init__(self, channels: int, out_channels: int, style: int, size: int):
        super().__init__()
        self.conv0 = NoisyStyledConv2d(channels, out_channels, style, size, doubled=True)
        self.conv1 = NoisyStyledConv2d(out_channels, out_channels, style, size)
        self.toRGB = StyledRGB(out_channels, style)

    def forward(self, x: Tensor, skip: Tensor, styles: Sequence[Tensor], picture: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv1(self.conv0(x, styles[0]) + skip, styles[1])
        return x, self.toRGB(x, styles[2], picture)


class Synthesis(nn.Module):
    """Both stages: image and mask, styles N×rows×latent, and which features stay → two pictures."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        levels = sizes(recipe.resolution, BOTTOM)
        channels = [recipe.channels(size) for size in levels]
        deepest, general = channels[-1], 2 * channels[-1]
        style = recipe.latent + general
        self.first_stage = FirstStage(
            recipe.resolution, recipe.grid, recipe.dim, recipe.heads, recipe.depths, recipe.windows, recipe.latent
        )
        self.enc = nn.ModuleDict(
            {
                f"EncConv_Block_{size}x{size}": EncoderLevel(before, after, size == levels[0])
                for size, before, after in zip(levels, [3 + 4, *channels], channels, strict=False)
            }
        )
        self.to_square = EqualizedLinear(recipe.latent, SQUARE**2, active=True)
        self.to_style = GeneralStyle(deepest, general)
        decoder: dict[str, nn.Module] = {f"Dec_{BOTTOM}x{BOTTOM}": FirstDecoderLevel(deepest, style)}
        for size in reversed(levels[:-1]):
            level = DecoderLevel(recipe.channels(size // 2), recipe.channels(size), style, size)
            decoder[f"Dec_{size}x{size}"] = level
        self.dec = nn.ModuleDict(decoder)

    def forward(self, image: Tensor, mask: Tensor, styles: Tensor, keep: Keep) -> StagedPrediction:
        rows = list(styles.unbind(1))
        first = (self.first_stage(image, mask, rows[-1], keep) + 1) / 2
        known = with_known(image, mask)
        x = torch.cat([known[:, :1], 2 * composite(first, image, mask) - 1, known[:, 1:]], 1)
        skips = []
        for level in self.enc.values():
            x = level(x)
            skips.append(x)
        x = with_noise(skips.pop(), self.noise(rows[0], x), keep)
        general = self.to_style(x)
        rows = [torch.cat([row, general], 1) for row in rows]
        last, *larger = self.dec.values()
        x, picture = last(x, rows)
        for index, level in enumerate(larger):
            x, picture = level(x, skips.pop(), rows[2 * index + 1 :], picture)
        return StagedPrediction((picture + 1) / 2, first)

    def noise(self, style: Tensor, features: Tensor) -> Tensor:
        """One number for each place of features N×C×h×w, N×1×h×w."""
        made = self.to_square(style).reshape(-1, 1, SQUARE, SQUARE)
        if features.shape[-2:] == made.shape[-2:]:
            return made
        return F.interpolate(made, features.shape[-2:], mode="bilinear")


class Generator(nn.Module):
    """Both stages, and what they are drawn from; under the authors' key names."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.resolution, self.latent = recipe.resolution, recipe.latent
        self.in_prediction = recipe.noise_in_prediction
        self.rows = 2 * (recipe.resolution.bit_length() - 1) - 6
        self.synthesis = Synthesis(recipe)
        self.mapping = Mapping(recipe.latent)

    def forward(self, image: Tensor, mask: Tensor) -> StagedPrediction:
        require_size(image, mask, self.resolution, self.resolution, "mat")
        if self.training or self.in_prediction:
            return self.synthesis(image, mask, self.drawn(image), drawn_half)
        styles = self.mapping.w_avg.expand(image.shape[0], self.rows, -1)
        return self.synthesis(image, mask, styles, half)

    def drawn(self, image: Tensor) -> Tensor:
        """Styles N×rows×latent. In training they are nearer to their mean, and half the batches' change on the way."""
        latents = [image.new_empty(len(image), self.latent).normal_() for _ in range(1 + self.training)]
        styles = self.mapping(latents[0])[:, None].expand(-1, self.rows, -1)
        if not self.training:
            return styles
        if next(self.mapping.parameters()).requires_grad:  # a mapping that rests has the mean that it has
            self.mapping.track(styles[:, 0].detach())
        if torch.rand(()) < MIXING:
            change = int(torch.randint(1, self.rows, ()))
            others = self.mapping(latents[1])[:, None].expand(-1, self.rows - change, -1)
            styles = torch.cat([styles[:, :change], others], 1)
        return self.mapping.towards(styles, TRUNCATION)


def drawn_half(features: Tensor) -> Tensor:
    """Every feature stays or goes, with a chance of one half."""
    return torch.bernoulli(torch.full_like(features, 0.5))


def half(features: Tensor) -> Tensor:
    """What `drawn_half` is on average."""
    return torch.full_like(features, 0.5)


# ---------------------------------------------------------------------- discriminator


class Discriminator(nn.Module):
    """What is known N×1×S×S, the composite and the first stage's N×3×S×S in [−1, 1] → logits N×2, high = real.

    Each is judged by a network of its own, the first stage's by one of half the channels.
    """

    def __init__(self, recipe: Recipe):
        super().__init__()
        channels = [recipe.channels(size) for size in sizes(recipe.resolution, 4)]
        self.main = ResidualJudge(recipe.resolution, 4, channels, GROUP)
        self.first = ResidualJudge(recipe.resolution, 4, [max(1, each // 2) for each in channels], GROUP)

    def forward(self, known: Tensor, picture: Tensor, first: Tensor) -> Tensor:
        return torch.cat([self.main(torch.cat([known, picture], 1)), self.first(torch.cat([known, first], 1))], 1)


def authors_name(key: str, blocks: int) -> str:
    """Our key of the discriminator → the authors'. blocks: how many halve the size."""
    judge, _, key = key.partition(".")
    ending = {"main": "", "first": "_stg1"}[judge]
    for pattern, theirs in (
        (r"convs\.0\.[01]\.(\w+)$", r"Dis{}.0.conv.\1"),
        (r"convs\.(\d+)\.conv1\.\d\.(\w+)$", r"Dis{}.\1.conv0.\2"),
        (r"convs\.(\d+)\.conv2\.[12]\.(\w+)$", r"Dis{}.\1.conv1.\2"),
        (r"convs\.(\d+)\.skip\.1\.(\w+)$", r"Dis{}.\1.skip.\2"),
        (r"final_conv\.\d\.(\w+)$", rf"Dis{{}}.{blocks + 2}.\1"),
        (r"final_linear\.(\d)\.(\w+)$", r"fc\1{}.\2"),
    ):
        if re.match(pattern, key):
            return re.sub(pattern, theirs.format(ending), key)
    return f"{judge}.{key}"  # the blur's kernels, which the authors name otherwise


# ---------------------------------------------------------------------- the system


class MAT(StyleGAN2System):
    """Two stages, a discriminator for each, adversarial losses of both composites, perceptual loss of the last.

    Losses are logged with their weights: all but `discriminator` and `gradient_penalty` sum up to what the generator
    minimises.
    """

    facts = Facts(
        name="mat",
        title="MAT",
        paper="MAT: Mask-Aware Transformer for Large Hole Image Inpainting (Li et al.)",
        year=2022,
        url="https://arxiv.org/abs/2203.15270",
        licence="CC BY-NC 4.0; its README: for research only",
        kind="deep",
        authors_mask="1 = valid",
        authors_range=(-1.0, 1.0),
        size_multiple=256,
        minimal_size=256,
        parameters=59_779_834,
        parts={
            "first_stage": 10_895_842,
            "second_stage": 46_782_744,
            "mapping": 2_101_248,
            "discriminator": 36_083_330,
        },
        # what is added to all keys alike does not change a softmax
        zero_gradient=("network.synthesis.first_stage.tran.*.attn.k.bias",),
        data=(
            "Random crops of 256 or 512 pixels, flipped. Masks drawn anew: boxes and wide strokes that hide 40 % of a "
            "picture on average."
        ),
        augmentation={"flip": True},
        deviations=(
            Deviation(
                "noise_in_prediction",
                True,
                "The latent vector, and which half of the deepest features stays, are drawn when predicting, as by the "
                "authors; without it a prediction does not depend on the seed: the style is the mean one, and every "
                "feature stays by half.",
            ),
            Deviation(
                "feature_network",
                "vgg19",
                "`vgg16` is a lighter substitute for the features of the perceptual loss.",
            ),
            Deviation(
                "l1_weight", 0.0, "The authors have no such loss; it helps a short training of a narrow network."
            ),
            Deviation(
                "",
                None,
                "The noise of pictures that are larger than the network's own size is the stored one, laid side by "
                "side, where the authors draw it; the discriminator sees pictures of other sizes resized.",
            ),
            Deviation(
                "batch_size",
                32,
                "Batches that are not a multiple of 8 are taken too: the discriminator compares groups of the largest "
                "divisor of the batch size up to 8.",
            ),
        ),
    )
    Recipe = Recipe
    drawing: ClassVar[dict[str, object]] = {"noise_in_prediction": True}
    small = {
        "resolution": 32,
        "channel_base": 256,
        "channel_max": 16,
        "grid": 8,
        "dim": 8,
        "heads": 2,
        "depths": (1, 2, 1, 1, 1),
        "windows": (4, 2, 2, 2, 4),
        "latent": 8,
        "image_size": 32,
        "l1_weight": 2.0,
        "noise_in_prediction": False,
    }
    released_optional = (".kernel",)

    def __init__(self, **settings):
        super().__init__(**settings)
        self.network = Generator(self.recipe)
        self.discriminator = Discriminator(self.recipe)

    @property
    def size_multiple(self) -> int:
        return self.recipe.resolution

    minimal_size = size_multiple

    @classmethod
    def backbones(cls, recipe) -> tuple[str, ...]:
        return (recipe.feature_network,) if recipe.perceptual_weight else ()

    def load_backbones(self, folder: str | Path, device: torch.device) -> None:
        for name in self.backbones(self.recipe):
            features = vgg.VGGFeatures(name, folder, tuple(PERCEPTUAL_LAYERS[name]))
            self.features = features.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it

    def pictures(self, made: Any) -> Sequence[Tensor]:
        return [made.raw, made.first]

    def network_losses(self, made: Any, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        weight = self.asks_features and self.recipe.perceptual_weight
        shown = composite(made.raw, image, mask)
        return super().network_losses(made, image, mask) | weighted(
            perceptual=(weight, lambda: self.perceptual_loss(shown, image))
        )

    def perceptual_loss(self, shown: Tensor, image: Tensor) -> Tensor:
        """Sum over the layers of their weight times the mean absolute difference of features before their ReLU."""
        true, layers = self.kept(image, self.features), PERCEPTUAL_LAYERS[self.recipe.feature_network]
        made = self.features(shown)
        return torch.stack([weight * F.l1_loss(made[layer], true[layer]) for layer, weight in layers.items()]).sum()

    # ------------------------------------------------------------------ released weights

    def released_keys(self, part: str = "network") -> dict[str, str]:
        if part != "discriminator":
            return super().released_keys(part)
        blocks = len(sizes(self.recipe.resolution, 4)) - 1
        return {authors_name(key, blocks): key for key in super().released_keys(part)}

    def from_released(self, arrays: dict, part: str) -> dict:
        """Without constants; and modulated convolutions have a first side of 1 in the authors' files."""
        return {
            key: value[0] if isinstance(value, Tensor) and value.dim() == 5 else value
            for key, value in arrays.items()
            if not UNREAD.search(f".{key}")
        }


SYSTEM = MAT
