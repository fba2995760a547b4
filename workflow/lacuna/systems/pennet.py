"""PEN-Net: the pyramid-context encoder network.

Y. Zeng, J. Fu, H. Chao, B. Guo, "Learning Pyramid-Context Encoder Network for High-Quality Image Inpainting", CVPR 2019
(arXiv 1904.07475). Particular: attention is learned where the features are coarse and *transferred* to finer ones,
level by level, so that what fills a hole is consistent in meaning before it is in texture; and a picture is asked for
at every level of the decoder. The network is that of the authors' PyTorch code, which by their word "slightly differs"
from the TensorFlow one of the paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.nn.contextual_attention import paste, self_similarity, usable_keys
from lacuna.nn.islands import softmax
from lacuna.nn.layers import initialise_normal, twice_the_size
from lacuna.nn.losses import GAN_TYPES, discriminator_loss, generator_loss, judging, weighted
from lacuna.nn.patch_discriminator import patch_layers, require_patch
from lacuna.systems import base
from lacuna.systems.base import Deviation, Facts, System, known_at, require_size, where_known

SOFTMAX_SCALE = 10
KERNEL = 5  # of the discriminator's convolutions
FUSE_DILATIONS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Released:
    """Weights that the authors published (`gen_….pth`, key `netG`), and the settings that they were trained with."""

    source: str
    settings: dict[str, object]


# The learning rate falls tenfold every `decay_every` iterations, but not after `decay_until`: so twice it never falls.
RELEASED = {
    "celebahq": Released(
        "CelebA-HQ, faces",
        {"gan_type": "hinge", "iterations": 330_000, "decay_every": 100_000, "decay_until": 10_000},
    ),
    "dtd": Released(
        "Describable Textures Dataset",
        {"gan_type": "nsgan", "iterations": 330_000, "decay_every": 100_000, "decay_until": 310_000},
    ),
    "facade": Released(
        "CMP Facades, buildings",
        {"gan_type": "nsgan", "iterations": 200_000, "decay_every": 50_000, "decay_until": 10_000},
    ),
    "places2": Released(
        "Places2, scenes",
        {"gan_type": "hinge", "iterations": 1_000_000, "decay_every": 100_000, "decay_until": 150_000},
    ),
}


@dataclass(frozen=True)
class PlainRecipe(base.Recipe):
    """Hyper-parameters that need no pyramid; the defaults are those of the authors' code for Places2
    (github.com/researchmm/PEN-Net-for-Inpainting, branch `pytorch`); `RELEASED` has the others.

    widths: channels of the encoder's levels, each of half the size of the one before. discriminator_width: channels
    after its first convolution. initial_std: of the convolutions' first weights; a narrower network needs more.
    gan_type: `hinge` or `nsgan`. decay_every, decay_until: in iterations, see `RELEASED`.
    """

    image_size: int = 256
    batch_size: int = 16
    iterations: int = 1_000_000
    widths: tuple[int, ...] = (32, 64, 128, 256, 512, 512)
    discriminator_width: int = 64
    initial_std: float = 0.02
    gan_type: str = "hinge"
    hole_weight: float = 6.0
    valid_weight: float = 1.0
    adversarial_weight: float = 0.1
    learning_rate: float = 1e-4
    betas: tuple[float, ...] = (0.5, 0.999)
    decay_every: int = 100_000
    decay_until: int = 150_000

    def __post_init__(self):
        super().__post_init__()
        if self.gan_type not in GAN_TYPES:
            raise LacunaError(
                f"setting 'gan_type' of PEN-Net's systems is one of {', '.join(GAN_TYPES)}, not '{self.gan_type}'"
            )
        if len(self.widths) < 2 or min(self.discriminator_width, self.decay_every, *self.widths) < 1:
            raise LacunaError(
                "settings of PEN-Net's systems need at least two `widths`, and widths and `decay_every` of at least 1"
            )


@dataclass(frozen=True)
class Recipe(PlainRecipe):
    """As `PlainRecipe`, and pyramid_weight: of the pictures that the levels of the decoder show. released: which of the
    authors' weights to train like; what `RELEASED` has for it holds where the settings do not say otherwise."""

    pyramid_weight: float = 0.5
    released: str = "places2"

    @staticmethod
    def implied(settings: dict) -> dict:
        """The authors' settings of the weights that `released` names."""
        name = settings.get("released", Recipe.released)
        if name not in RELEASED:
            raise LacunaError(f"setting 'released' of system 'pennet' is one of {', '.join(RELEASED)}, not '{name}'")
        return RELEASED[name].settings

    def __post_init__(self):
        super().__post_init__()
        shared_out = self.widths[:-2]
        if any(width % len(FUSE_DILATIONS) for width in shared_out):
            raise LacunaError(
                f"system 'pennet' shares the channels of its levels among {len(FUSE_DILATIONS)} dilations; choose "
                f"`widths` that divide evenly, not {list(shared_out)}"
            )


@dataclass
class Prediction(base.Prediction):
    """pyramid: the picture as each level of the decoder shows it, N×3×h×w in [0, 1], finest (half the size) first."""

    pyramid: tuple[Tensor, ...] = field(default_factory=tuple)

    def known_only(self, truth: Tensor, known: Tensor) -> Self:
        sizes = [level.shape[-2:] for level in self.pyramid]
        pairs = zip(self.pyramid, sizes, strict=True)
        pyramid = tuple(where_known(known_at(known, size), level, target(truth, size)) for level, size in pairs)
        return replace(super().known_only(truth, known), pyramid=pyramid)


# ---------------------------------------------------------------------- generator


class SkipNetwork(nn.Module):
    """Encoder and decoder joined by skip connections, without what happens to the skips. The authors' key names."""

    def __init__(self, widths: tuple[int, ...], system: str):
        super().__init__()
        self.system, self.levels = system, len(widths)
        channels = (4, *widths)
        for level in range(1, self.levels + 1):
            activation = nn.LeakyReLU(0.2) if level < self.levels else nn.ReLU()
            convolution = nn.Conv2d(channels[level - 1], channels[level], 3, 2, 1)
            self.add_module(f"dw_conv{level:02d}", nn.Sequential(convolution, activation))
        for level in reversed(range(1, self.levels)):
            entering = channels[-1] if level == self.levels - 1 else 2 * channels[level + 1]
            convolution = nn.Conv2d(entering, channels[level], 3, padding=1)
            self.add_module(f"up_conv{level:02d}", nn.Sequential(convolution, nn.ReLU()))
        self.decoder = nn.Sequential(
            nn.Conv2d(2 * widths[0], widths[0], 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(widths[0], 3, 3, padding=1),
            nn.Tanh(),
        )

    def encode(self, image: Tensor, mask: Tensor) -> list[Tensor]:
        """The features of every level, finest (half the size) first."""
        require_size(image, mask, 2**self.levels, 2**self.levels, self.system)
        # the authors' range is [−1, 1], and the hole is white
        x = torch.cat([(2 * image - 1) * (1 - mask) + mask, mask], 1)
        features = []
        for level in range(1, self.levels + 1):
            x = self.get_submodule(f"dw_conv{level:02d}")(x)
            features.append(x)
        return features

    def decode(self, features: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """(the picture N×3×H×W in [0, 1]; what each level's decoder and skip give together, finest first)."""
        *skips, x = features
        joined: list[Tensor] = []
        for level in reversed(range(1, self.levels)):
            x = self.get_submodule(f"up_conv{level:02d}")(twice_the_size(x))
            x = torch.cat([x, skips[level - 1]], 1)
            joined.insert(0, x)
        return (self.decoder(twice_the_size(x)) + 1) / 2, joined


class AttentionTransfer(nn.Module):
    """Rebuilds fine features from their own patches, by the likeness of the coarse features at the same places.

    Every place is rebuilt, valid ones too. fuse: then dilated convolutions, side by side, smooth what was pasted.
    """

    def __init__(self, channels: int, window: int, fuse: bool):
        super().__init__()
        self.window = window
        self.fuses = [f"conv{index:02d}" for index in range(len(FUSE_DILATIONS) if fuse else 0)]
        for name, dilation in zip(self.fuses, FUSE_DILATIONS, strict=False):
            convolution = nn.Conv2d(channels, channels // 4, 3, padding=dilation, dilation=dilation)
            self.add_module(name, nn.Sequential(convolution, nn.ReLU()))

    def forward(self, fine: Tensor, coarse: Tensor, mask: Tensor) -> Tensor:
        """fine N×C×2h×2w, coarse N×D×h×w, mask N×1×H×W with 1 = hole → N×C×2h×2w."""
        small = F.interpolate(mask, coarse.shape[-2:], mode="bilinear", align_corners=True)
        usable = usable_keys(small, self.window)
        # As the authors' code has it: a key that touches a hole gets logit 0, not −∞, then weight 0, then 1e-8; and
        # the weights are not brought back to sum up to 1. So an all-hole picture has finite attention, too.
        weights = softmax(SOFTMAX_SCALE * self_similarity(coarse, self.window) * usable, 1)
        x = paste((weights * usable).clamp_min(1e-8), fine)
        return torch.cat([self.get_submodule(name)(x) for name in self.fuses], 1) if self.fuses else x


class Generator(SkipNetwork):
    """The skips are filled by attention transfer, deep to shallow, and every level of the decoder shows a picture."""

    def __init__(self, widths: tuple[int, ...], system: str):
        super().__init__(widths, system)
        for level in range(1, self.levels):
            deepest = level == self.levels - 1
            attention = AttentionTransfer(widths[level - 1], window=1 if deepest else 3, fuse=not deepest)
            self.add_module(f"at_conv{level:02d}", attention)
            to_rgb = nn.Sequential(nn.Conv2d(2 * widths[level - 1], 3, 1), nn.Tanh())
            self.add_module(f"torgb{level}", to_rgb)

    def forward(self, image: Tensor, mask: Tensor) -> Prediction:
        features = self.encode(image, mask)
        for level in reversed(range(1, self.levels)):
            transfer = self.get_submodule(f"at_conv{level:02d}")
            features[level - 1] = transfer(features[level - 1], features[level], mask)
        raw, joined = self.decode(features)
        pyramid = (self.get_submodule(f"torgb{level}")(x) for level, x in enumerate(joined, 1))
        return Prediction(raw=raw, pyramid=tuple((x + 1) / 2 for x in pyramid))


# ---------------------------------------------------------------------- discriminator and losses


class Discriminator(nn.Module):
    """Patches of an image N×3×H×W in [0, 1] → logits N×1×h×w (27×27 of 256×256), high = real. It sees no mask."""

    def __init__(self, width: int, initial_std: float):
        super().__init__()
        layers = patch_layers(width, KERNEL, initial_std)
        self.encoder, self.classifier = layers[:-1], layers[-1]

    def forward(self, image: Tensor) -> Tensor:
        require_patch(image, KERNEL, "PEN-Net's systems")
        return self.classifier(self.encoder(2 * image - 1))


def masked_l1(raw: Tensor, image: Tensor, region: Tensor) -> Tensor:
    """Mean absolute difference over the pixels of a whole batch where region N×1×H×W is 1; 0 if there are none."""
    return (region * (raw - image)).abs().mean() / region.mean().clamp_min(1e-12)


def target(image: Tensor, size: Sequence[int]) -> Tensor:
    """What a level of the pyramid should show: the image at its size."""
    return F.interpolate(image, size, mode="bilinear", align_corners=True)


def pyramid_l1(pyramid: tuple[Tensor, ...], image: Tensor) -> Tensor:
    """Sum over the levels of the mean absolute difference to the image at their size; holes count like the rest."""
    targets = [target(image, level.shape[-2:]) for level in pyramid]
    return torch.stack([F.l1_loss(level, target) for level, target in zip(pyramid, targets, strict=True)]).sum()


# ---------------------------------------------------------------------- the system


class PENNet(System):
    """Generator, spectrally normalised patch discriminator; L1 in and outside the hole, pyramid and adversarial losses.

    Losses are logged with their weights, so that all but `discriminator` sum up to what the generator minimises.
    """

    facts = Facts(
        name="pennet",
        title="PEN-Net",
        paper="Learning Pyramid-Context Encoder Network for High-Quality Image Inpainting (Zeng et al.)",
        year=2019,
        url="https://arxiv.org/abs/1904.07475",
        licence="MIT",
        kind="deep",
        authors_mask="1 = hole",
        authors_range=(-1.0, 1.0),
        size_multiple=64,
        minimal_size=64,
        parameters=10_231_538,
        parts={"generator": 10_231_538, "discriminator": 4_318_401},
        data=(
            "Whole pictures, resized, flipped, colours jittered by 5 %. Masks flipped, rotated by 0 to 45°, and grown "
            "by one pixel."
        ),
        augmentation={"flip": True, "colour": 0.05, "mask_turn": [0, 45], "mask_grow": [1, 1]},
        deviations=(
            Deviation(
                "released",
                "places2",
                "The defaults are the authors' for Places2; `celebahq`, `dtd` and `facade` take what they trained "
                "their other weights with: `gan_type`, `iterations`, `decay_every`, `decay_until`.",
            ),
        ),
    )
    Recipe = Recipe
    small = {"widths": (8, 8, 16), "discriminator_width": 4, "initial_std": 0.1, "image_size": 48}
    # the vectors of the power iteration settle again by themselves in training mode
    released_optional = ("weight_u", "weight_v")
    generator: ClassVar[type[SkipNetwork]] = Generator
    discriminator: nn.Module

    def __init__(self, **settings):
        super().__init__(**settings)
        recipe = self.recipe
        self.network = self.generator(recipe.widths, self.facts.name)
        initialise_normal(self.network, recipe.initial_std)
        self.discriminator = Discriminator(recipe.discriminator_width, recipe.initial_std)

    @property
    def size_multiple(self) -> int:
        return 2 ** len(self.recipe.widths)

    minimal_size = size_multiple

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        rate, betas = self.recipe.learning_rate, self.recipe.betas
        return {
            "network": torch.optim.Adam(self.network.parameters(), rate, betas),
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), rate, betas),
        }

    def before_step(self, step, progress, optimizers):
        recipe = self.recipe
        rate = recipe.learning_rate * 0.1 ** (min(step, recipe.decay_until) // recipe.decay_every)
        for optimizer in optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate

    def reconstruction_losses(self, made: Prediction, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Weighted; the factor 2 brings differences to the authors' [−1, 1] scale."""
        recipe = self.recipe
        return weighted(
            hole_l1=(recipe.hole_weight, lambda: 2 * masked_l1(made.raw, image, mask)),
            valid_l1=(recipe.valid_weight, lambda: 2 * masked_l1(made.raw, image, 1 - mask)),
            pyramid_l1=(recipe.pyramid_weight, lambda: 2 * pyramid_l1(made.pyramid, image)),
        )

    def learn(self, image, mask, optimizers, backward):
        recipe = self.recipe
        made = self.network(image, mask)
        filled = composite(made.raw, image, mask)

        optimizers["discriminator"].zero_grad()
        real, fake = self.discriminator(image), self.discriminator(filled.detach())
        discriminator = discriminator_loss(real, fake, recipe.gan_type)
        backward(discriminator)
        optimizers["discriminator"].step()

        optimizers["network"].zero_grad()
        losses = self.reconstruction_losses(made, image, mask)
        with judging(self.discriminator):
            losses |= weighted(
                adversarial=(
                    recipe.adversarial_weight,
                    lambda: generator_loss(self.discriminator(filled), recipe.gan_type),
                )
            )
        backward(torch.stack(list(losses.values())).sum())
        optimizers["network"].step()

        losses["discriminator"] = discriminator
        return {name: loss.detach() for name, loss in losses.items()}


SYSTEM = PENNet
