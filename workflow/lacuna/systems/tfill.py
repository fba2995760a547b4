"""TFill: a transformer between a restrictive encoder and a decoder.

C. Zheng, T.-J. Cham, J. Cai, D. Phung, "Bridging Global Context Interactions for High-Fidelity Image Completion",
CVPR 2022 (arXiv 2104.00845). Particular: the encoder's 1×1 kernels keep each token to its own patch, so that nothing
spreads before the transformer relates all patches at once; every token carries the share of its patch that is valid,
and attention listens to it accordingly: strictly in the first layer, ever less in the later ones.

As in the authors' code the network works at one size: any picture is resized to it and its completion is resized back.
Their second stage, which refines that at the picture's own size, is an option.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.nn import lpips_loss
from lacuna.nn.losses import weighted
from lacuna.nn.stylegan2 import Discriminator
from lacuna.nn.weighted_attention import POSITIONS
from lacuna.systems import base
from lacuna.systems._released import opened, unwrap
from lacuna.systems._tfill_coarse import Decoder, Encoder, Transformer
from lacuna.systems._tfill_refinement import PARAMETERS, Refiner
from lacuna.systems.base import Deviation, Facts, Prediction, System, known_at, require_size, where_known


@dataclass(frozen=True)
class Recipe(base.Recipe):
    """Hyper-parameters; the defaults are those of the authors' code (github.com/lyndonzheng/TFill).

    fixed_size: height and width in pixels at which the network works, a power of two. width: channels at that size in
    encoder and decoder; they double at each of `scales` halvings, and tokens are as wide as the last map.
    hidden: width of the two-layer networks between attentions. discriminator_width: its channels at full size.
    hole_weight: of the hole's L1 beside the valid part's. noise_in_prediction: the decoder's noise is drawn when
    predicting too, so that a picture's completion depends on the seed and on its place in the list; without it, it
    depends on neither. refinement: the second stage, as wide and as deep as the first. as_released: see the deviations.
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
    refinement: bool = False
    as_released: bool = False

    def __post_init__(self):
        super().__post_init__()
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
        if self.refinement and self.image_size < 8:
            raise LacunaError(
                f"system 'tfill' refines pictures from 8 pixels on, and its 'image_size' is {self.image_size}; choose "
                "a larger one, or leave 'refinement' out"
            )

    @property
    def refined_size(self) -> int:
        """Height and width in pixels at which the second stage's pictures are judged: a power of two."""
        return 1 << self.image_size.bit_length() - 1

    @property
    def size_multiple(self) -> int:
        """What height and width must be multiples of: only the second stage does not resize."""
        return 2**self.scales if self.refinement else 1


@dataclass
class CoarsePrediction(Prediction):
    """coarse: N×3×S×S on the [0, 1] scale, the first stage's picture before it is resized, S the network's own size.

    encoder_mask: N×1×s×s, the valid share of each token's patch. tokens: N×C×s×s, what the transformer returned.
    """

    coarse: Tensor
    encoder_mask: Tensor
    tokens: Tensor

    def known_only(self, truth: Tensor, known: Tensor) -> Self:
        size = self.coarse.shape[-2:]
        coarse = where_known(known_at(known, size), self.coarse, resized(truth, size).clamp(0, 1))
        return replace(super().known_only(truth, known), coarse=coarse)


# ---------------------------------------------------------------------- network and losses


class Generator(nn.Module):
    """Encoder, transformer and decoder under the authors' names, at one fixed size inside; maybe a second stage."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        width, scales, heads, hidden = recipe.width, recipe.scales, recipe.heads, recipe.hidden
        self.fixed_size = recipe.fixed_size
        self.netE = Encoder(width, scales)
        self.netT = Transformer(width * 2**scales, recipe.transformer_layers, heads, hidden)
        self.netG = Decoder(width, scales, heads, hidden, recipe.noise_in_prediction)
        self.size_multiple = recipe.size_multiple
        self.netG_Ref = Refiner(width, scales) if recipe.refinement else None

    def forward(self, image: Tensor, mask: Tensor) -> CoarsePrediction:
        require_size(image, mask, self.size_multiple, self.size_multiple, "tfill")
        masked = (2 * image - 1) * (1 - mask)
        masked, valid = resized(masked, self.fixed_size).clamp(-1, 1), valid_at(mask, self.fixed_size)
        features, encoder_mask = self.netE(masked, valid)
        tokens = self.netT(features, encoder_mask)
        coarse = (self.netG(tokens, valid) + 1) / 2
        raw = resized(coarse, image.shape[-2:])
        if self.netG_Ref is not None:
            raw = self.netG_Ref(composite(raw.detach().clamp(0, 1), image, mask), mask)
        return CoarsePrediction(raw, coarse, encoder_mask, tokens)


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


@dataclass
class Stage:
    """What one stage learns from: its picture, the true one and where that is valid, of one size.

    discriminator: the name of the one that judges it, at `size` × `size` pixels. prefix: of its losses' names.
    """

    discriminator: str
    size: int
    made: Tensor
    true: Tensor
    valid: Tensor
    prefix: str


# ---------------------------------------------------------------------- the system


class TFill(System):
    """Coarse stage, StyleGAN2 discriminator, and L1 + LPIPS + adversarial losses on the raw prediction at fixed size.

    Losses are logged with their weights, so that all but `discriminator` sum up to what the generator minimises. The
    raw prediction only resembles the valid part; the authors save and judge the composite at the picture's size. With
    `refinement` the second stage has a discriminator of its own and the same losses, logged as `refined_…`.
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
        data=(
            "Random crops of 256 from pictures of 542 pixels, flipped. Masks flipped, rotated by up to 10°, cropped, "
            "and their holes grown by a square of 3 to 24 pixels."
        ),
        augmentation={
            "flip": True,
            "crop": [0.223, 0.223],
            "mask_turn": [-10, 10],
            "mask_crop": [0.39, 0.39],
            "mask_grow": [1, 12],
        },
        deviations=(
            Deviation(
                "as_released",
                False,
                "LPIPS in training is the published distance; in the released code half of its channels, drawn anew "
                "for every pixel, are left out: a dropout that was never switched off.",
            ),
            Deviation(
                "refinement",
                False,
                f"`True` adds the second stage, at the picture's own size, with {PARAMETERS:,} parameters; here both "
                "stages learn at every step, the second without reaching back into the first, where the authors train "
                "it after the first. They do so at 512 pixels; at 256 they find it worse than the first stage alone.",
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
                "Batches that are not a multiple of 4 are taken too: the discriminator compares groups of the largest "
                "divisor of the batch size up to 4.",
            ),
        ),
    )
    Recipe = Recipe
    drawing: ClassVar[dict[str, object]] = {"noise_in_prediction": True}
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
    forms = {"refinement": {"refinement": True}}

    def __init__(self, **settings):
        super().__init__(**settings)
        self.network = Generator(self.recipe)
        self.discriminator = Discriminator(self.recipe.fixed_size, self.recipe.discriminator_width)
        self.refined_discriminator = None
        if self.recipe.refinement:
            self.refined_discriminator = Discriminator(self.recipe.refined_size, self.recipe.discriminator_width)

    @property
    def size_multiple(self) -> int:
        return self.recipe.size_multiple

    minimal_size = size_multiple

    def modules(self) -> dict[str, nn.Module]:
        parts = super().modules()
        if self.refined_discriminator is not None:
            parts["refined_discriminator"] = self.refined_discriminator
        return parts

    @classmethod
    def backbones(cls, recipe) -> tuple[str, ...]:
        return ("lpips_vgg",) if recipe.perceptual_weight else ()

    def load_backbones(self, folder: str | Path, device: torch.device) -> None:
        if self.backbones(self.recipe):
            similarity = lpips_loss.PerceptualSimilarity(folder, 0.5 if self.recipe.as_released else 0.0)
            self.similarity = similarity.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        recipe = self.recipe
        return {
            name: torch.optim.Adam(
                module.parameters(),
                recipe.learning_rate * (1.0 if name == "network" else recipe.discriminator_rate_factor),
                recipe.betas,
            )
            for name, module in self.modules().items()
        }

    def learn(self, image, mask, optimizers, backward):
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        made, size = self.network(image, mask), self.recipe.fixed_size
        true = resized(image, size).clamp(0, 1)
        stages = [Stage("discriminator", size, made.coarse, true, valid_at(mask, size), "")]
        if self.recipe.refinement:
            refined = Stage("refined_discriminator", self.recipe.refined_size, made.raw, image, 1 - mask, "refined_")
            stages.append(refined)

        losses: dict[str, Tensor] = {}
        learning: dict[str, Tensor] = {}
        for stage in stages:
            discriminator = getattr(self, stage.discriminator)
            made_there, true_there = resized(stage.made, stage.size), resized(stage.true, stage.size)
            judged = discriminator_loss(discriminator(true_there), discriminator(made_there.detach()))
            backward(judged)
            optimizers[stage.discriminator].step()
            learning[stage.discriminator] = judged

            discriminator.requires_grad_(False)
            fooling = F.softplus(-discriminator(made_there)).mean() if self.recipe.adversarial_weight else None
            losses |= {stage.prefix + name: loss for name, loss in self.generator_losses(stage, fooling).items()}
        backward(torch.stack(list(losses.values())).sum())
        optimizers["network"].step()
        for stage in stages:
            getattr(self, stage.discriminator).requires_grad_(True)
        return {name: loss.detach() for name, loss in {**losses, **learning}.items()}

    def generator_losses(self, stage: Stage, fooling: Tensor | None) -> dict[str, Tensor]:
        """Weighted, of one stage's picture; fooling: the adversarial loss, None where it has weight 0."""
        recipe = self.recipe
        losses = weighted(
            # the authors' L1 is on the scale [−1, 1]: twice ours
            reconstruction=(
                recipe.reconstruction_weight,
                lambda: 2 * reconstruction_loss(stage.made, stage.true, stage.valid, recipe.hole_weight),
            ),
            perceptual=(
                self.asks_features and recipe.perceptual_weight,
                lambda: self.similarity(stage.made, self.kept(stage.true, self.similarity.truth_of)),
            ),
        )
        return losses if fooling is None else {**losses, "adversarial": recipe.adversarial_weight * fooling}

    def load_released(self, mapping_or_path, part: str = "network") -> None:
        """As every system's; the authors keep a file a network, and their contents may also come as one mapping:
        `{"netE": …, "netT": …, "netG": …}`, and with `refinement` `"netG_Ref": …`."""
        arrays = opened(mapping_or_path)
        if part == "network" and arrays and set(arrays) <= set(dict(self.network.named_children())):
            arrays = {
                f"{net}.{key}": value
                for net, inside in arrays.items()
                for key, value in unwrap(inside, set(self.network.get_submodule(net).state_dict())).items()
            }
        super().load_released(arrays, part)


SYSTEM = TFill
