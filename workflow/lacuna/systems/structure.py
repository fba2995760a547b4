"""Structure knowledge: a network that is given the picture's edges and gradients and learns to draw the missing ones.

J. Yang, Z. Qi, Y. Shi, "Learning to Incorporate Structure Knowledge for Image Inpainting", AAAI 2020. Particular: Canny
edges and Sobel derivatives are inputs; the decoder predicts a picture and its derivatives at three scales, and the
derivatives are compared with extra weight near edges; and every scale of the decoder begins with self-attention whose
keys are pooled. The recipe's `form` is the authors' network, or one of the two in the thesis on test-time training that
keep one picture and no derivatives, and are trained otherwise: by the losses of `lacuna.adaptation.losses`.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.adaptation import losses as by_region
from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.nn import vgg
from lacuna.nn.edges import canny, sobel
from lacuna.nn.feature_distance import FeatureDistance
from lacuna.nn.losses import judging, weighted
from lacuna.nn.pooled_attention import Convolution, PooledAttention, UpConvolution
from lacuna.systems import base
from lacuna.systems._structure_released import discriminator_names, in_our_layout, network_names
from lacuna.systems._structure_training import (
    CANNY_SIGMA,
    FEATURE_LAYERS,
    Discriminator,
    content_loss,
    discriminator_loss,
    low_scale_l1,
    region_l1,
    squared_style_loss,
    structure_losses,
    uniform,
)
from lacuna.systems.base import Deviation, Facts, Prediction, System, known_at, require_size, where_known

FEATURE_NETWORKS = ("vgg19", "vgg16")
INPUTS = 3 + 1 + 1 + 6  # picture, edges, mask, derivatives
SMALLER_PICTURES = ("network.stages.[01].image.*",)  # the heads that the authors' weight 0 leaves without a loss


@dataclass(frozen=True)
class Form:
    """What tells the forms apart. strides: of the discriminator's convolutions."""

    halvings: int
    blocks: int
    side_heads: bool
    strides: tuple[int, ...]


FORMS = {
    "released": Form(2, 8, True, (2, 2, 2, 1, 1)),
    "thesis": Form(2, 8, False, (2, 2, 2, 1, 1)),
    "thesis_small": Form(1, 2, False, (2, 2, 1)),
}
# What stays as it is, in the thesis' two experiments: the encoder with this share of the residual blocks, and this many
# of the discriminator's convolutions.
FROZEN = {"none": None, "encoder_and_blocks": (1.0, 2), "encoder_and_half_of_blocks": (0.5, 3)}


@dataclass(frozen=True)
class Recipe(base.Recipe):
    """Hyper-parameters; the defaults are those of the authors' code (github.com/YoungGod/sturcture-inpainting).

    iterations: the authors train 10 epochs; 500,000 is the thesis' 20 epochs of 100,000 pictures, by 4. form:
    `released`, `thesis` or `thesis_small`; the thesis' imply learning_rate 1e-6 and style_weight 0, and take
    hole_weight and valid_weight for the L1 losses of foreground and background, and the weights of content, gradient,
    edge and adversarial loss for both alike. freeze: `none`, or what the thesis keeps fixed in its sections 4.5.3
    (`encoder_and_blocks`) and 4.6 (`encoder_and_half_of_blocks`). width: channels after the first convolution.
    initial_gain: of the attention's output, at the start. low_scale_weight: of the L1 loss of the smaller pictures; at
    the authors' 0 nothing teaches their two heads; only the released form has them. leaky_structure: see the
    deviations.
    """

    image_size: int = 256
    batch_size: int = 4
    iterations: int = 500_000
    form: str = "released"
    freeze: str = "none"
    width: int = 64
    discriminator_width: int = 64
    initial_gain: float = 0.0
    leaky_structure: bool = False
    feature_network: str = "vgg19"
    hole_weight: float = 1.0
    valid_weight: float = 1.0
    content_weight: float = 0.1
    style_weight: float = 250.0
    gradient_weight: float = 0.1
    edge_weight: float = 1.0
    low_scale_weight: float = 0.0
    adversarial_weight: float = 0.4
    learning_rate: float = 1e-5
    betas: tuple[float, ...] = (0.0, 0.9)

    def __post_init__(self):
        super().__post_init__()
        for name, known in (("form", FORMS), ("freeze", FROZEN), ("feature_network", FEATURE_NETWORKS)):
            if getattr(self, name) not in known:
                raise LacunaError(
                    f"setting '{name}' of system 'structure' is one of {', '.join(known)}, not '{getattr(self, name)}'"
                )
        if min(self.width, self.discriminator_width) < 1:
            raise LacunaError("settings of system 'structure' for width must be at least 1")
        if self.freeze != "none" and self.form == "thesis_small":
            raise LacunaError("system 'structure' has nothing to freeze in form 'thesis_small'; set 'freeze' to 'none'")
        if self.style_weight and not FORMS[self.form].side_heads:
            raise LacunaError(
                f"system 'structure' has no style loss in form '{self.form}'; leave 'style_weight' out, or set it to 0"
            )

    @staticmethod
    def implied(values: dict) -> dict:
        """What the thesis' forms set besides."""
        form = FORMS.get(values.get("form", "released"))
        return {"learning_rate": 1e-6, "style_weight": 0.0} if form and not form.side_heads else {}


# ---------------------------------------------------------------------- generator


@dataclass
class StructurePrediction(Prediction):
    """images: the smaller pictures N×3×h×w on the [0, 1] scale, at a quarter and half of the size.

    gradients: N×6×h×w, Sobel's derivatives of pictures on the scale [−1, 1], at a quarter, half and all of the size.
    Both are empty in the thesis' forms.
    """

    images: tuple[Tensor, ...]
    gradients: tuple[Tensor, ...]

    def known_only(self, truth: Tensor, known: Tensor) -> Self:
        def at(size: Sequence[int]) -> tuple[Tensor, Tensor]:
            step = truth.shape[-1] // size[-1]
            return known_at(known, size), truth[..., ::step, ::step]

        images, gradients = [], []
        for image in self.images:
            visible, true = at(image.shape[-2:])
            images.append(where_known(visible, image, true))
        for gradient in self.gradients:
            visible, true = at(gradient.shape[-2:])
            # a derivative is known where all of its window is
            gradients.append(where_known(1 - F.max_pool2d(1 - visible, 3, 1, 1), gradient, sobel(2 * true - 1)))
        return replace(super().known_only(truth, known), images=tuple(images), gradients=tuple(gradients))


class ResidualBlock(nn.Module):
    """A dilated and a plain convolution, added to what came in, without an activation after the sum."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = Convolution(channels, channels, 3, dilation=2)
        self.second = Convolution(channels, channels, 3, activation=None)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))


class Stage(nn.Module):
    """One scale of the decoder: (doubling,) attention, a structure embedding, and the heads that read it."""

    def __init__(self, channels: int, first: bool, image: bool, gradient: bool, initial_gain: float):
        super().__init__()
        self.up = None if first else UpConvolution(4 * channels, channels)
        self.attention = PooledAttention(channels, initial_gain)
        self.embedding = Convolution(channels, channels, 5)
        self.gradient = Convolution(channels, 6, 1, activation=None) if gradient else None
        self.image = Convolution(channels, 3, 1, activation=torch.tanh) if image else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """→ what the next stage goes on from, and the embedding, which the heads read."""
        x = self.attention(x if self.up is None else self.up(x))
        return x, self.embedding(x)


class Generator(nn.Module):
    """Encoder, residual blocks, and one stage a scale."""

    def __init__(self, form: Form, width: int, initial_gain: float, leaky_structure: bool):
        super().__init__()
        self.size_multiple = 2 ** (form.halvings + 1)
        self.leaky_structure = leaky_structure
        widths = [width * 2**level for level in range(form.halvings + 1)]
        self.encoder = nn.Sequential(
            Convolution(INPUTS, width, 7),
            *(Convolution(channels, 2 * channels, 4, stride=2) for channels in widths[:-1]),
        )
        self.middle = nn.Sequential(*(ResidualBlock(widths[-1]) for _ in range(form.blocks)))
        self.stages: Any = nn.ModuleList(
            Stage(channels, channels == widths[-1], form.side_heads or channels == width, form.side_heads, initial_gain)
            for channels in reversed(widths)
        )

    def forward(self, image: Tensor, mask: Tensor) -> StructurePrediction:
        require_size(image, mask, self.size_multiple, 2 * self.size_multiple, "structure")
        if self.leaky_structure:
            return self.forward_with(image, mask, canny(image, CANNY_SIGMA), sobel(2 * image - 1))
        valid = 1 - mask
        edge = canny(image * valid, CANNY_SIGMA, valid)
        return self.forward_with(image, mask, edge, sobel((2 * image - 1) * valid))

    def forward_with(self, image: Tensor, mask: Tensor, edge: Tensor, gradient: Tensor) -> StructurePrediction:
        """As `forward`, with the structure given and nothing but tensors computed.

        edge: N×1×H×W, 1 = edge. gradient: N×6×H×W, `sobel` of the picture on the scale [−1, 1]. What lies in the hole
        is not looked at.
        """
        valid = 1 - mask
        # the authors' range is [−1, 1] and the hole is grey; their edge map is 1 where there is none, and in the hole
        given = [(2 * image - 1) * valid, (1 - edge) * valid + mask, mask, gradient * valid]
        x = self.middle(self.encoder(torch.cat(given, 1)))
        images, gradients = [], []
        for stage in self.stages:
            x, embedding = stage(x)
            if stage.gradient is not None:
                gradients.append(stage.gradient(embedding))
            if stage.image is not None:
                images.append((stage.image(embedding) + 1) / 2)
            x = torch.cat([x, embedding], 1)
        return StructurePrediction(raw=images[-1], images=tuple(images[:-1]), gradients=tuple(gradients))


def held_back(prediction: StructurePrediction, which: Tensor) -> StructurePrediction:
    """The same numbers; from the pictures of the N that `which` names, no gradient flows back."""

    def held(outputs: Tensor) -> Tensor:
        return torch.where(which[:, None, None, None], outputs.detach(), outputs)

    images, gradients = (tuple(map(held, each)) for each in (prediction.images, prediction.gradients))
    return StructurePrediction(held(prediction.raw), images, gradients)


# ---------------------------------------------------------------------- the system


class Structure(System):
    """Generator, spectrally normalised patch discriminator, and L1, feature, structure and adversarial losses.

    Losses are logged with their weights, so that all but `discriminator` sum up to what the generator minimises. The
    thesis' forms have losses of their own, by region (see `region_step`).
    """

    facts = Facts(
        name="structure",
        title="Structure Knowledge",
        paper="Learning to Incorporate Structure Knowledge for Image Inpainting (Yang et al.)",
        year=2020,
        url="https://arxiv.org/abs/2002.04170",
        licence="CC BY-NC 4.0",
        kind="deep",
        authors_mask="1 = hole",
        authors_range=(-1.0, 1.0),
        size_multiple=8,
        minimal_size=16,
        parameters=15_089_000,
        parts={"generator": 15_089_000, "discriminator": 2_764_737},
        # every convolution's output is standardised, and a key's bias shifts all of a query's scores alike
        without_gradient=SMALLER_PICTURES,
        zero_gradient=("network.*.convolution.bias", "network.*.attention.key.bias"),
        data=(
            "The middle square of a picture, not flipped. Of the masks a quarter is grown by 1 to 5 pixels, 5 % are "
            "replaced by boxes, and 10 % by strokes."
        ),
        augmentation={"flip": False, "mask_grow": [1, 5], "mask_grow_share": 0.25},
        deviations=(
            Deviation(
                "leaky_structure",
                False,
                "Edges and derivatives are computed from the masked picture; the released code computes them from the "
                "whole one and masks them then, so that what lies under the hole shows at its rim.",
            ),
            Deviation(
                "form",
                "released",
                "`thesis` and `thesis_small` are networks of a later thesis on test-time training, without the heads "
                "for derivatives and smaller pictures: 15,085,088 and 1,885,807 parameters.",
            ),
            Deviation(
                "feature_network",
                "vgg19",
                "Features are those of torchvision's networks; `vgg16` is a lighter substitute.",
            ),
            Deviation(
                "",
                None,
                "A picture of which the network sees one colour only, as when everything is hole, gives the network no "
                "gradient: instance normalisation of constant maps would make it infinite. This guard is our own.",
            ),
            Deviation(
                "",
                None,
                "The thesis' forms are trained as the thesis says: L1, structural, perceptual and adversarial losses, "
                "weighed 1, 1, 0.1 and 0.4, of hole and background separately (the background's of the raw prediction)"
                "; derivatives are the prediction's own, features are compared by L1, there is no style loss, and the "
                "rate is 1e-6. The printed weights 0.1 and 20 of the structural loss are read as in the authors' code: "
                "0.1 for its mean, 1 for its mean near edges.",
            ),
        ),
    )
    feature_distance: FeatureDistance | None = None  # stands for `features` in `region_step`
    Recipe = Recipe
    small = {
        "width": 8,
        "discriminator_width": 8,
        "image_size": 32,
        "feature_network": "vgg16",
        # at the authors' zeros the attention and two heads learn nothing in the first step
        "initial_gain": 0.5,
        "low_scale_weight": 1.0,
    }
    forms = {form: {"form": form} for form in FORMS if form != "released"}
    discriminator: nn.Module

    def __init__(self, **settings):
        super().__init__(**settings)
        recipe = self.recipe
        self.form = FORMS[recipe.form]
        self.network = Generator(self.form, recipe.width, recipe.initial_gain, recipe.leaky_structure)
        self.discriminator = Discriminator(self.form.strides, recipe.discriminator_width)
        frozen = FROZEN[recipe.freeze]
        if frozen is not None:
            share, layers = frozen
            blocks = self.network.middle[: round(share * self.form.blocks)]
            for module in (self.network.encoder, blocks, self.discriminator.layers[:layers]):
                module.requires_grad_(False)

    @property
    def size_multiple(self) -> int:
        return 2 ** (self.form.halvings + 1)  # not the network's own, in whose place a graph may stand

    @property
    def minimal_size(self) -> int:
        return 2 * self.size_multiple

    @property
    def without_gradient(self) -> tuple[str, ...]:
        return SMALLER_PICTURES if self.form.side_heads and not self.recipe.low_scale_weight else ()

    @classmethod
    def backbones(cls, recipe) -> tuple[str, ...]:
        return (recipe.feature_network,)

    def load_backbones(self, folder: str | Path, device: torch.device) -> None:
        features = vgg.VGGFeatures(self.recipe.feature_network, folder, FEATURE_LAYERS)
        self.features = features.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it

    def released_keys(self, part: str = "network") -> dict[str, str]:
        """The authors' names in the form that they released; the thesis' weights are not published: our names."""
        if self.recipe.form != "released":
            return super().released_keys(part)
        if part == "discriminator":
            return discriminator_names(len(self.form.strides))
        return network_names(self.form.halvings, self.form.blocks)

    def from_released(self, arrays: dict, part: str) -> dict:
        return in_our_layout(arrays, part)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        rate, betas = self.recipe.learning_rate, self.recipe.betas
        return {
            name: torch.optim.Adam([each for each in module.parameters() if each.requires_grad], rate, betas)
            for name, module in self.modules().items()
        }

    def generator_losses(self, prediction: StructurePrediction, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Everything but the adversarial loss, weighted."""
        recipe, raw = self.recipe, prediction.raw
        asked = self.feature_losses and bool(recipe.content_weight or recipe.style_weight)
        if asked:
            made = self.features.of_each((composite(raw, image, mask), raw))
            true = self.kept(image, self.features)
        if recipe.gradient_weight or recipe.edge_weight:
            gradient, edge = structure_losses(prediction.gradients or (sobel(2 * raw - 1),), image)

        def of_both(loss: Callable[..., Tensor]) -> Tensor:
            return torch.stack([loss(each, true) for each in made]).sum()

        return weighted(
            hole=(recipe.hole_weight, lambda: region_l1(raw, image, mask)),
            valid=(recipe.valid_weight, lambda: region_l1(raw, image, 1 - mask)),
            content=(asked and recipe.content_weight, lambda: of_both(content_loss)),
            style=(asked and recipe.style_weight, lambda: of_both(squared_style_loss)),
            gradient=(recipe.gradient_weight, lambda: gradient),
            edge=(recipe.edge_weight, lambda: edge),
            low_scale=(
                recipe.low_scale_weight if prediction.images else 0,
                lambda: low_scale_l1(prediction.images, image),
            ),
        )

    def learn(self, image, mask, optimizers, backward):
        if not self.form.side_heads:
            return self.region_step(image, mask, torch.ones_like(mask), optimizers, backward)
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        prediction = held_back(self.network(image, mask), uniform(image, mask))
        made = composite(prediction.raw, image, mask)

        losses = self.generator_losses(prediction, image, mask)
        with judging(self.discriminator):
            losses |= weighted(adversarial=(-self.recipe.adversarial_weight, lambda: self.discriminator(made).mean()))
        backward(torch.stack(list(losses.values())).sum())

        # both learn from where they stood before the step
        optimizers["discriminator"].zero_grad()
        real, fake = self.discriminator(torch.cat([image, made.detach()])).chunk(2)
        losses["discriminator"] = discriminator_loss(real, fake)
        return self._finished(losses, optimizers, backward)

    def region_step(
        self,
        image: Tensor,
        mask: Tensor,
        known: Tensor,
        optimizers: dict[str, torch.optim.Optimizer],
        backward: Callable[[Tensor], None],
        background: bool = True,
        adversarial: bool = True,
        weights: by_region.Weights | None = None,
    ) -> dict[str, Tensor]:
        """One update by the thesis' losses, for which `lacuna.adaptation.losses` has the words.

        mask: F, the foreground. known: 1 − U; under U the image holds a filler. background: losses on B as well.
        adversarial: whether the discriminator judges, and learns. weights: None = the recipe's.
        """
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        raw = held_back(self.network(image, mask), uniform(image, mask)).raw
        regions, weights = by_region.Regions(mask * known, known), weights or self.region_weights()
        asked = self.feature_losses and weights.perceptual
        features = (self.feature_distance or self.features) if asked else None
        truth = by_region.truth_of(image, regions, features)
        judge = self.discriminator if adversarial else None
        with nullcontext() if judge is None else judging(judge):
            losses = by_region.generator_losses(raw, image, regions, truth, features, judge, weights, background)
        backward(torch.stack(list(losses.values())).sum())
        if judge is None:
            optimizers["network"].step()
            return {name: loss.detach() for name, loss in losses.items()}
        optimizers["discriminator"].zero_grad()
        losses["discriminator"] = by_region.discriminator_loss(raw, image, regions, judge, background)
        return self._finished(losses, optimizers, backward)

    def region_weights(self) -> by_region.Weights:
        """What the recipe says of the thesis' losses."""
        recipe = self.recipe
        return by_region.Weights(
            l1=recipe.hole_weight,
            background_l1=recipe.valid_weight,
            gradient=recipe.gradient_weight,
            edge=recipe.edge_weight,
            perceptual=recipe.content_weight,
            adversarial=recipe.adversarial_weight,
        )

    def _finished(self, losses: dict[str, Tensor], optimizers, backward) -> dict[str, Tensor]:
        """Both parts updated, the generator's gradients being there."""
        backward(losses["discriminator"])
        for optimizer in optimizers.values():
            optimizer.step()
        return {name: loss.detach() for name, loss in losses.items()}


SYSTEM = Structure
