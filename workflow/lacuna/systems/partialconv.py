"""Partial convolutions: a U-Net that carries beside every feature map a mask of what is known by now.

G. Liu, F. Reda, K. Shih, T.-C. Wang, A. Tao, B. Catanzaro, "Image Inpainting for Irregular Holes Using Partial
Convolutions", ECCV 2018 (arXiv 1804.07723). Particular: no value under the hole is ever convolved, so none has to be
made up beforehand; the hole shrinks from layer to layer; and there is no discriminator, only features of VGG16.

The authors published the layer and the VGG losses (github.com/NVIDIA/partialconv), never the U-Net or its training.
Where the paper is silent, the numbers here are those of the re-implementation whose weights are around
(github.com/naoto0804/pytorch-inpainting-with-partial-conv, "naoto0804" below), and its key names are the released ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.nn import vgg
from lacuna.nn.imagenet import denormalised, normalised
from lacuna.nn.losses import perceptual_loss, style_loss, weighted, with_styles
from lacuna.nn.partial_convolution import PartialConv2d
from lacuna.systems import base
from lacuna.systems.base import Deviation, Facts, Prediction, System, require_size

FEATURE_LAYERS = ("pool1", "pool2", "pool3")
KERNEL_OF_ONES = "mask_conv.weight"
REGIONS = ("hole", "image")


@dataclass(frozen=True)
class Recipe(base.Recipe):
    """Hyper-parameters; the defaults are the paper's where it states them, and naoto0804's elsewhere.

    width: channels after the first convolution; the deepest have 8 × width. levels: how often the size is halved (the
    paper: 8 at 512 pixels; naoto0804: 7 at 256). fine_tune_after: share of the budget after which the learning rate is
    `fine_tune_learning_rate` and the encoder's batch norm is frozen; 1 never does. freeze_affine: see
    the deviations. total_variation_over: `hole`, grown
    by one pixel, or the whole `image`. With perceptual_weight and style_weight both 0, VGG16 is not needed.
    """

    image_size: int = 256
    batch_size: int = 16
    iterations: int = 1_000_000
    width: int = 64
    levels: int = 7
    valid_weight: float = 1.0
    hole_weight: float = 6.0
    perceptual_weight: float = 0.05
    style_weight: float = 120.0
    total_variation_weight: float = 0.1
    total_variation_over: str = "hole"
    learning_rate: float = 2e-4
    fine_tune_learning_rate: float = 5e-5
    fine_tune_after: float = 0.5
    freeze_affine: bool = True

    def __post_init__(self):
        super().__post_init__()
        if self.total_variation_over not in REGIONS:
            raise LacunaError(
                f"setting 'total_variation_over' of the partial convolutions is one of {', '.join(REGIONS)}, "
                f"not '{self.total_variation_over}'"
            )
        if min(self.width, self.levels) < 1:
            raise LacunaError("settings 'width' and 'levels' of the partial convolutions must be at least 1")
        if not 0 <= self.fine_tune_after <= 1:
            raise LacunaError(
                "setting 'fine_tune_after' of the partial convolutions must be between 0 and 1, "
                f"not {self.fine_tune_after}"
            )


# ---------------------------------------------------------------------- generator


@dataclass
class PartialConvPrediction(Prediction):
    """mask: N×1×H×W, in the authors' polarity: 1 where the last layer saw anything known, 0 where it was blind."""

    mask: Tensor


class Stage(nn.Module):
    """Partial convolution, batch norm, activation; the mask goes beside them untouched."""

    def __init__(self, conv: PartialConv2d, norm: bool, activation: nn.Module):
        super().__init__()
        self.conv = conv
        self.bn = nn.BatchNorm2d(conv.input_conv.out_channels) if norm else nn.Identity()
        self.activation = activation

    def forward(self, *inputs: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        x, valid = self.conv(*inputs)
        return self.activation(self.bn(x)), valid


class Generator(nn.Module):
    """The U-Net. naoto0804's key names: `enc_1` … `enc_L` downwards, `dec_L` … `dec_1` upwards."""

    system = "partialconv"

    def __init__(self, width: int, levels: int):
        super().__init__()
        self.levels = range(1, levels + 1)
        self.channels = [3, *(width * min(2**level, 8) for level in range(levels))]
        for level in self.levels:
            below, channels = self.channels[level - 1 : level + 1]
            kernel_size = {1: 7, 2: 5, 3: 5}.get(level, 3)
            down = PartialConv2d(below, channels, kernel_size, stride=2)
            self.add_module(f"enc_{level}", Stage(down, level > 1, nn.ReLU()))
            up = PartialConv2d(channels + below, below, 3, bias=level == 1)
            activation = nn.LeakyReLU(0.2) if level > 1 else nn.Identity()
            self.add_module(f"dec_{level}", Stage(up, level > 1, activation))

    def forward(self, image: Tensor, mask: Tensor) -> PartialConvPrediction:
        size = 2 ** len(self.levels)
        require_size(image, mask, size, size, self.system)
        if self.training and image.shape[0] * image[0, 0].numel() == size**2:
            raise LacunaError(
                f"system '{self.system}' cannot train on one picture of {size}×{size} pixels, which {len(self.levels)} "
                "levels reduce to a single value per channel; choose fewer levels or a larger batch"
            )
        skips = [(normalised(image) * (1 - mask), 1 - mask)]
        for level in self.levels:
            skips.append(self.encode(level, *skips[-1]))
        x, valid = skips.pop()
        for level in reversed(self.levels):
            x, valid = getattr(self, f"dec_{level}")((doubled(x), doubled(valid)), skips.pop())
        return PartialConvPrediction(raw=denormalised(x), mask=valid)

    def encode(self, level: int, x: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Features and their mask, one level down."""
        return getattr(self, f"enc_{level}")((x, valid))

    def encoder_norms(self) -> list[nn.BatchNorm2d]:
        """The encoder's batch norms, which fine-tuning freezes."""
        stages = (getattr(self, f"enc_{level}") for level in self.levels)
        return [stage.bn for stage in stages if isinstance(stage.bn, nn.BatchNorm2d)]


def doubled(x: Tensor) -> Tensor:
    """Twice the height and width, by repetition."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


# ---------------------------------------------------------------------- losses


def total_variation_within(image: Tensor, region: Tensor) -> Tensor:
    """Absolute differences of horizontal and of vertical neighbours that both lie in `region`, N×1×H×W of 0 and 1.

    Either sum is divided by the number of neighbours in the whole image N×3×H×W.
    """
    rows = (image[..., 1:, :] - image[..., :-1, :]).abs() * region[..., 1:, :] * region[..., :-1, :]
    columns = (image[..., 1:] - image[..., :-1]).abs() * region[..., 1:] * region[..., :-1]
    return rows.mean() + columns.mean()


def grown(mask: Tensor) -> Tensor:
    """The mask N×1×H×W with one pixel more on all sides."""
    return F.max_pool2d(mask, 3, 1, 1)


# ---------------------------------------------------------------------- the system


class PartialConv(System):
    """The U-Net with its five losses and two stages of training.

    Losses are logged with their weights, so that they sum up to what is minimised. All pixel losses are on the
    network's range. In the second stage the encoder's batch norm keeps its statistics and its affine part is not
    trained ("freeze the batch normalisation parameters in the encoder", the paper; naoto0804 freezes the statistics
    only); the optimiser's moments are carried over, as naoto0804 does.
    """

    facts = Facts(
        name="partialconv",
        title="Partial convolutions",
        paper="Image Inpainting for Irregular Holes Using Partial Convolutions (Liu et al.)",
        year=2018,
        url="https://arxiv.org/abs/1804.07723",
        licence="BSD-3-Clause (the authors' layer and losses); MIT (naoto0804's network)",
        kind="deep",
        authors_mask="1 = valid",
        authors_range=(-2.118, 2.64),
        size_multiple=128,
        minimal_size=128,
        parameters=25_779_796,
        parts={"generator": 25_779_796},
        data=(
            "The paper: 512 pixels, masks randomly grown, rotated and cropped; naoto0804: whole pictures, resized, "
            "not flipped."
        ),
        augmentation={"flip": False},
        deviations=(
            Deviation(
                "total_variation_over",
                "hole",
                "Total variation over the hole grown by one pixel, as in the paper; `image` takes the whole composite "
                "as naoto0804 does: the gradients are the same, the logged number is not.",
            ),
            Deviation(
                "freeze_affine",
                True,
                "Fine-tuning keeps scale and bias of the encoder's batch norm as they are, as the paper's words have "
                "it; naoto0804 keeps only its statistics, which is `False`.",
            ),
        ),
    )
    Recipe = Recipe
    Generator = Generator
    small = {"width": 8, "levels": 2, "image_size": 32}
    network: Any  # one that has `encoder_norms`

    def __init__(self, **settings):
        super().__init__(**settings)
        self.network = self.Generator(self.recipe.width, self.recipe.levels)

    @property
    def size_multiple(self) -> int:
        return 2**self.recipe.levels

    @property
    def minimal_size(self) -> int:
        return self.size_multiple

    # ------------------------------------------------------------------ training

    @classmethod
    def backbones(cls, recipe) -> tuple[str, ...]:
        return ("vgg16",) if recipe.perceptual_weight or recipe.style_weight else ()

    def load_backbones(self, folder: str | Path, device: torch.device) -> None:
        for name in self.backbones(self.recipe):
            features = vgg.VGGFeatures(name, folder, FEATURE_LAYERS)
            self.features = features.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"network": torch.optim.Adam(self.network.parameters(), self.recipe.learning_rate)}

    @property
    def free_until(self) -> float:
        return self.recipe.fine_tune_after

    def before_step(self, step, progress, optimizers):
        fine_tuning = progress >= self.recipe.fine_tune_after
        rate = self.recipe.fine_tune_learning_rate if fine_tuning else self.recipe.learning_rate
        for group in optimizers["network"].param_groups:
            group["lr"] = rate
        for norm in self.network.encoder_norms():
            norm.train(not fine_tuning)
            norm.requires_grad_(not (fine_tuning and self.recipe.freeze_affine))

    def reconstruction_losses(self, raw: Tensor, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """The weighted losses; `valid` and `hole` are sums over their part divided by the whole number of elements."""
        recipe = self.recipe
        made = composite(raw, image, mask)
        error = (normalised(raw) - normalised(image)).abs()
        region = grown(mask) if recipe.total_variation_over == "hole" else torch.ones_like(mask)
        losses = weighted(
            valid=(recipe.valid_weight, lambda: ((1 - mask) * error).mean()),
            hole=(recipe.hole_weight, lambda: (mask * error).mean()),
            total_variation=(recipe.total_variation_weight, lambda: total_variation_within(normalised(made), region)),
        )
        if not self.asks_features:
            return losses
        layers = [(weight, FEATURE_LAYERS) for weight in (recipe.perceptual_weight, recipe.style_weight)]
        true = self.kept(image, lambda x: with_styles(self.features(x), *layers))
        found = self.features.of_each((raw, made))

        def of_both(loss: Callable[..., Tensor]) -> Tensor:
            return torch.stack([loss(each, true, FEATURE_LAYERS) for each in found]).sum()

        return losses | weighted(
            perceptual=(recipe.perceptual_weight, lambda: of_both(perceptual_loss)),
            style=(recipe.style_weight, lambda: of_both(style_loss)),
        )

    def learn(self, image, mask, optimizers, backward):
        optimizers["network"].zero_grad()
        losses = self.reconstruction_losses(self.network(image, mask).raw, image, mask)
        backward(torch.stack(list(losses.values())).sum())
        optimizers["network"].step()
        return {name: loss.detach() for name, loss in losses.items()}

    # ------------------------------------------------------------------ weights

    def from_released(self, arrays: dict, part: str) -> dict:
        """In the authors' form, from either form of the layer; which one a file has is seen by its keys.

        naoto0804 scales a window by 1/S instead of N/S, and keeps a kernel of ones in `mask_conv.weight` beside each
        `input_conv.weight`. Where that kernel is, the weights are divided by N = channels · kernel², which gives the
        same network, and the kernel is dropped. Files in the authors' form have no such key and are taken as they are.
        """
        return in_the_authors_form(arrays)


def in_the_authors_form(arrays: Mapping) -> dict:
    """naoto0804's weights divided by their windows' sizes, without the kernels of ones; other keys as they are.

    A mask kernel that is not all ones in the shape of the weights beside it stays, for strict loading to complain.
    """
    converted = dict(arrays)
    for key in arrays:
        beside = key.removesuffix(KERNEL_OF_ONES) + "input_conv.weight"
        if not key.endswith(KERNEL_OF_ONES) or beside not in arrays:
            continue
        kernel, weights = arrays[key], arrays[beside]
        if not (isinstance(kernel, Tensor) and isinstance(weights, Tensor) and weights.dim() == 4):
            continue
        if kernel.shape == weights.shape and bool((kernel == 1).all()):
            converted[beside] = weights / weights[0].numel()
            del converted[key]
    return converted


SYSTEM = PartialConv
