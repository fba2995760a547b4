"""AOT-GAN: aggregated contextual transformations.

Y. Zeng, J. Fu, H. Chao, B. Guo, "Aggregated Contextual Transformations for High-Resolution Image Inpainting", IEEE
TVCG 2022 (arXiv 2104.01431). Particular: blocks that look at the picture through several dilations at once and keep,
by a gate, what need not change; and a discriminator that is taught the hole as a *soft* mask, since near the rim
nobody can tell a fake pixel from a real one.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.nn import vgg
from lacuna.nn.islands import island
from lacuna.nn.layers import ReflectionPad2d, gaussian_blur, initialise_normal, twice_the_size
from lacuna.nn.losses import judging, perceptual_loss, style_loss, weighted, with_styles
from lacuna.nn.patch_discriminator import patch_layers, require_patch
from lacuna.systems import base
from lacuna.systems.base import Deviation, Facts, Prediction, System, require_size

KERNEL = 4  # of the discriminator's convolutions
PERCEPTUAL_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
# VGG16 has three layers where VGG19 has four: the last one of the same stage stands in.
STYLE_LAYERS = {
    "vgg19": ("relu2_2", "relu3_4", "relu4_4", "relu5_2"),
    "vgg16": ("relu2_2", "relu3_3", "relu4_3", "relu5_2"),
}


@dataclass(frozen=True)
class Recipe(base.Recipe):
    """Hyper-parameters; the defaults are those of the authors' code (github.com/researchmm/AOT-GAN-for-Inpainting).

    width: channels after the first convolution; the middle has 4 × width. rates: dilations, each on an equal share.
    feature_network: `vgg19`, or `vgg16` as a lighter substitute. soft_mask_*: the blur of the hole, in pixels at
    512 × 512. initial_std: of the convolutions' first weights; a network narrower by a factor f passes on as much
    signal as the authors' with √f times theirs. as_released: see the deviations.
    """

    image_size: int = 512
    batch_size: int = 8
    iterations: int = 1_000_000
    width: int = 64
    blocks: int = 8
    rates: tuple[int, ...] = (1, 2, 4, 8)
    discriminator_width: int = 64
    feature_network: str = "vgg19"
    l1_weight: float = 1.0
    style_weight: float = 250.0
    perceptual_weight: float = 0.1
    adversarial_weight: float = 0.01
    soft_mask_radius: int = 35
    soft_mask_sigma: float = 10.0
    initial_std: float = 0.02
    learning_rate: float = 1e-4
    betas: tuple[float, ...] = (0.5, 0.999)
    as_released: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.feature_network not in STYLE_LAYERS:
            raise LacunaError(
                f"setting 'feature_network' of system 'aotgan' is one of {', '.join(STYLE_LAYERS)}, "
                f"not '{self.feature_network}'"
            )
        if min(self.width, self.blocks, self.discriminator_width, *self.rates) < 1:
            raise LacunaError("settings of system 'aotgan' for width, blocks and rates must be at least 1")
        if 4 * self.width % len(self.rates):
            raise LacunaError(
                f"system 'aotgan' shares 4 × width = {4 * self.width} channels among {len(self.rates)} rates; "
                "choose a width that divides evenly"
            )

    def soft_mask_blur(self) -> tuple[int, float]:
        """(radius, sigma) of the blur in pixels at `image_size`: the authors' share of a 512-pixel picture."""
        if self.as_released:
            return self.soft_mask_radius, self.soft_mask_sigma
        scale = self.image_size / 512
        return max(1, round(self.soft_mask_radius * scale)), self.soft_mask_sigma * scale


# ---------------------------------------------------------------------- generator


class AOTBlock(nn.Module):
    """Dilated convolutions side by side, fused, and blended with the input by a learned gate."""

    def __init__(self, channels: int, rates: tuple[int, ...]):
        super().__init__()
        self.branches = [f"block{index:02d}" for index in range(len(rates))]
        for name, rate in zip(self.branches, rates, strict=True):
            convolution = nn.Conv2d(channels, channels // len(rates), 3, dilation=rate)
            self.add_module(name, nn.Sequential(ReflectionPad2d(rate), convolution, nn.ReLU(True)))
        self.fuse = nn.Sequential(ReflectionPad2d(1), nn.Conv2d(channels, channels, 3))
        self.gate = nn.Sequential(ReflectionPad2d(1), nn.Conv2d(channels, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        fused = self.fuse(torch.cat([getattr(self, name)(x) for name in self.branches], 1))
        kept = torch.sigmoid(5 * (2 * _standardised(self.gate(x)) - 1))
        return x * (1 - kept) + fused * kept


@island("normalisation")
def _standardised(x: Tensor) -> Tensor:
    """Zero mean and unit (unbiased) deviation over each channel's map."""
    mean = x.mean((2, 3), keepdim=True)
    return (x - mean) / (x.std((2, 3), keepdim=True) + 1e-9)


class UpConvolution(nn.Module):
    """Twice the size by bilinear interpolation with aligned corners, then a 3×3 convolution."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(twice_the_size(x))


class Generator(nn.Module):
    """Encoder to a quarter of the size, AOT blocks, decoder. The authors' key names."""

    def __init__(self, width: int, blocks: int, rates: tuple[int, ...], initial_std: float):
        super().__init__()
        self.minimal_size = minimal_size(rates)
        self.encoder = nn.Sequential(
            ReflectionPad2d(3),
            nn.Conv2d(4, width, 7),
            nn.ReLU(True),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.ReLU(True),
            nn.Conv2d(2 * width, 4 * width, 4, 2, 1),
            nn.ReLU(True),
        )
        self.middle = nn.Sequential(*(AOTBlock(4 * width, rates) for _ in range(blocks)))
        self.decoder = nn.Sequential(
            UpConvolution(4 * width, 2 * width),
            nn.ReLU(True),
            UpConvolution(2 * width, width),
            nn.ReLU(True),
            nn.Conv2d(width, 3, 3, padding=1),
        )
        initialise_normal(self, initial_std)

    def forward(self, image: Tensor, mask: Tensor) -> Prediction:
        require_size(image, mask, 4, self.minimal_size, "aotgan")
        # the authors' range is [−1, 1], and the hole is white
        masked = (2 * image - 1) * (1 - mask) + mask
        x = self.decoder(self.middle(self.encoder(torch.cat([masked, mask], 1))))
        return Prediction(raw=(torch.tanh(x) + 1) / 2)


def minimal_size(rates: tuple[int, ...]) -> int:
    """Reflection needs a map larger than the padding, and the maps of the middle are a quarter of the picture."""
    return 4 * (max(rates) + 1)


# ---------------------------------------------------------------------- discriminator and its loss


class Discriminator(nn.Module):
    """Patches of an image N×3×H×W in [0, 1] → logits N×1×h×w (30×30 of 256×256): 0 = real, 1 = fake."""

    def __init__(self, width: int, initial_std: float):
        super().__init__()
        self.conv = patch_layers(width, KERNEL, initial_std)

    def forward(self, image: Tensor) -> Tensor:
        require_patch(image, KERNEL, "system 'aotgan'")
        return self.conv(2 * image - 1)


def logits_of(discriminator: nn.Module, image: Tensor) -> Tensor:
    """The discriminator's map at the size of the image."""
    return F.interpolate(discriminator(image), image.shape[-2:], mode="bilinear", align_corners=True)


def discriminator_loss(real: Tensor, fake: Tensor, soft: Tensor) -> Tensor:
    """Mean squared errors of the logit maps N×1×H×W: real → 0, composite → the soft mask."""
    return F.mse_loss(fake, soft) + F.mse_loss(real, torch.zeros_like(real))


def generator_loss(fake: Tensor, mask: Tensor, as_released: bool) -> Tensor:
    """How far the composite is from being taken for real, over the hole: the target is 0.

    as_released: the authors' code asks for 1, which their discriminator is taught to mean *fake*, and over the whole
    picture: their mask factor has mean 1 and multiplies a number that is already averaged.
    """
    if as_released:
        return F.mse_loss(fake, torch.ones_like(fake))
    return (fake.square() * mask).mean() / mask.mean().clamp_min(1e-6)


# ---------------------------------------------------------------------- the system


class AOTGAN(System):
    """Generator, soft-mask discriminator, and L1 + style + perceptual + adversarial losses.

    Losses are logged with their weights, so that all but `discriminator` sum up to what the generator minimises.
    """

    facts = Facts(
        name="aotgan",
        title="AOT-GAN",
        paper="Aggregated Contextual Transformations for High-Resolution Image Inpainting (Zeng et al.)",
        year=2022,
        url="https://arxiv.org/abs/2104.01431",
        licence="Apache-2.0",
        kind="deep",
        authors_mask="1 = hole",
        authors_range=(-1.0, 1.0),
        size_multiple=4,
        minimal_size=36,
        parameters=15_200_835,
        parts={"generator": 15_200_835, "discriminator": 2_763_777},
        zero_gradient=("network.middle.*.gate.1.bias",),
        data=(
            "Random crops of 8 to 100 % of the area, flipped, colours jittered by 5 %. Masks flipped and rotated by 0 "
            "to 45°."
        ),
        augmentation={"flip": True, "crop": [0.08, 1.0], "colour": 0.05, "mask_turn": [0, 45]},
        deviations=(
            Deviation(
                "as_released",
                False,
                "The generator's adversarial target is 0 (real) inside the hole, as in the paper; the released code "
                "asks for 1, which its discriminator is taught to mean fake, over the whole picture.",
            ),
            Deviation(
                "as_released",
                False,
                "The discriminator learns from its own loss only; the released code leaves the gradients of the "
                "generator's adversarial loss in it.",
            ),
            Deviation(
                "as_released",
                False,
                "The blur of the soft mask scales with the image size; the released code blurs by 71 pixels, "
                "sigma 10, at every size (equal at the authors' 512).",
            ),
            Deviation(
                "feature_network",
                "vgg19",
                "`vgg16` is a lighter substitute for the features of the style and perceptual losses.",
            ),
        ),
    )
    Recipe = Recipe
    small = {
        "width": 8,
        "blocks": 1,
        "rates": (1, 2),
        "discriminator_width": 8,
        "image_size": 32,
        "feature_network": "vgg16",
    }
    # the vectors of the power iteration settle again by themselves in training mode
    released_optional = ("weight_u", "weight_v")
    discriminator: nn.Module

    def __init__(self, **settings):
        super().__init__(**settings)
        recipe = self.recipe
        self.network = Generator(recipe.width, recipe.blocks, recipe.rates, recipe.initial_std)
        self.discriminator = Discriminator(recipe.discriminator_width, recipe.initial_std)

    @property
    def minimal_size(self) -> int:
        return minimal_size(self.recipe.rates)

    @classmethod
    def backbones(cls, recipe) -> tuple[str, ...]:
        return (recipe.feature_network,) if recipe.perceptual_weight or recipe.style_weight else ()

    def load_backbones(self, folder: str | Path, device: torch.device) -> None:
        perceptual = PERCEPTUAL_LAYERS if self.recipe.perceptual_weight else ()
        for name in self.backbones(self.recipe):
            layers = tuple(sorted({*perceptual, *(STYLE_LAYERS[name] if self.recipe.style_weight else ())}))
            features = vgg.VGGFeatures(name, folder, layers)
            self.features = features.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        rate, betas = self.recipe.learning_rate, self.recipe.betas
        return {
            "network": torch.optim.Adam(self.network.parameters(), rate, betas),
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), rate, betas),
        }

    def reconstruction_losses(self, raw: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Weighted L1 (on the authors' [−1, 1] scale), style and perceptual losses, of the whole raw prediction."""
        recipe = self.recipe
        asked, style_layers = self.asks_features, STYLE_LAYERS[recipe.feature_network]
        if asked:
            made = self.features(raw)
            layers = (recipe.perceptual_weight, PERCEPTUAL_LAYERS), (recipe.style_weight, style_layers)
            true = self.kept(image, lambda x: with_styles(self.features(x), *layers))
        return weighted(
            l1=(recipe.l1_weight, lambda: 2 * F.l1_loss(raw, image)),
            style=(asked and recipe.style_weight, lambda: style_loss(made, true, style_layers)),
            perceptual=(asked and recipe.perceptual_weight, lambda: perceptual_loss(made, true, PERCEPTUAL_LAYERS)),
        )

    def learn(self, image, mask, optimizers, backward):
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        raw = self.network(image, mask).raw
        made = composite(raw, image, mask)

        losses = self.reconstruction_losses(raw, image)

        def fooling() -> Tensor:
            with nullcontext() if self.recipe.as_released else judging(self.discriminator):
                return generator_loss(logits_of(self.discriminator, made), mask, self.recipe.as_released)

        losses |= weighted(adversarial=(self.recipe.adversarial_weight, fooling))
        backward(torch.stack(list(losses.values())).sum())

        if not self.recipe.as_released:
            optimizers["discriminator"].zero_grad()
        fake = logits_of(self.discriminator, made.detach())
        real = logits_of(self.discriminator, image)
        losses["discriminator"] = discriminator_loss(real, fake, gaussian_blur(mask, *self.recipe.soft_mask_blur()))
        backward(losses["discriminator"])

        for optimizer in optimizers.values():
            optimizer.step()
        return {name: loss.detach() for name, loss in losses.items()}


SYSTEM = AOTGAN
