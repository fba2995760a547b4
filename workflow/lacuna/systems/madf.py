"""MADF: mask-aware dynamic filtering, refined in a cascade.

M. Zhu, D. He, X. Li, C. Li, F. Li, X. Liu, E. Ding, Z. Zhang, "Image Inpainting by End-to-End Cascaded Refinement
with Mask Awareness", IEEE TIP 2021 (arXiv 2104.13743). Particular: the encoder convolves every place with a kernel of
its own, which is made from the mask around that place; and two further decoders refine what the first one recovers,
scale by scale. There is no discriminator.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.nn import vgg
from lacuna.nn.imagenet import denormalised, normalised
from lacuna.nn.losses import perceptual_loss, style_loss, weighted, with_styles
from lacuna.systems import base
from lacuna.systems.base import Deviation, Facts, Prediction, System, require_size, where_known

FEATURE_LAYERS = ("pool1", "pool2", "pool3")  # of VGG16


@dataclass(frozen=True)
class Recipe(base.Recipe):
    """Hyper-parameters; the defaults are those of the authors' code (github.com/MADF-inpainting/Pytorch-MADF).

    width: channels of the first skip connection; all others are in proportion. levels: halvings of the size. A network
    with less of either is a reduced one. incremental_supervision: losses on all three outputs, as the authors train,
    not on the last one alone. recompute_features: the losses' features are computed again for the gradient, which takes
    longer and needs far less memory; the numbers are the same. iterations: of their released Places2 model (their
    code's own limit is 10 million). as_released: see the deviations. Their code also rotates masks by up to 10 degrees
    and keeps their resized edges soft, and crops pictures at random from ones of 572 pixels; here a run's masks are
    binary, and its crops its own.
    """

    image_size: int = 512
    batch_size: int = 6
    iterations: int = 1_000_000
    width: int = 64
    levels: int = 7
    valid_weight: float = 1.0
    hole_weight: float = 6.0
    perceptual_weight: float = 0.05
    style_weight: float = 120.0
    total_variation_weight: float = 0.1
    incremental_supervision: bool = True
    recompute_features: bool = True
    learning_rate: float = 2e-4
    betas: tuple[float, ...] = (0.9, 0.999)
    as_released: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.width < 4 or self.width % 4:
            raise LacunaError(f"setting 'width' of system 'madf' must be a multiple of 4, not {self.width}")
        if self.levels < 2:
            raise LacunaError(f"setting 'levels' of system 'madf' must be at least 2, not {self.levels}")


def recomputed(function: Callable, *args):
    """function(*args), whose intermediate results are computed again for the gradient and not kept until then."""
    return checkpoint(function, *args, use_reentrant=False, preserve_rng_state=False)


# ---------------------------------------------------------------------- encoder


class KernelGenerator(nn.Module):
    """The next features of the mask, and the weights that turn them into one kernel for every place (see below)."""

    def __init__(self, mask_channels: int, features: int, in_channels: int, out_channels: int, size: int):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(mask_channels, features, size, 2, size // 2), nn.ReLU(True))
        self.conv1 = nn.Sequential(nn.Conv2d(features, in_channels * size * size * out_channels, 1))
        self.shape = (in_channels, size, size, out_channels)

    def forward(self, mask_features: Tensor) -> Tensor:
        return self.conv(mask_features)

    def filter(self, x: Tensor, mask_features: Tensor) -> Tensor:
        """`dynamic_convolution` of x by the kernels that these mask features (this module's output) generate."""
        generator: Any = self.conv1[0]
        weight = generator.weight.flatten(1)
        return recomputed(dynamic_convolution, x, mask_features, weight, generator.bias, self.shape)


def dynamic_convolution(
    x: Tensor, mask_features: Tensor, weight: Tensor, bias: Tensor, shape: tuple[int, int, int, int]
) -> Tensor:
    """Convolution of x (N×C×H×W, stride 2, zero padding) where the place p has the kernel weight · m(p) + bias.

    mask_features: m, N×J×h×w at the output's size. shape: (C, k, k, D), the order of the rows of weight (C·k·k·D)×J and
    of bias. Returns N×D×h×w.

    A kernel for every place is C·k·k·D numbers a pixel. They are never made: what is linear in the kernel may be summed
    in any order, so x is convolved with the J columns of `weight` and with `bias` as J + 1 ordinary kernels, and the
    results, (J + 1)·D numbers a pixel, are mixed by m. The multiplications are as many.
    """
    basis = torch.cat([weight, bias[:, None]], 1).view(*shape, -1).permute(4, 3, 0, 1, 2)
    maps = F.conv2d(x, basis.flatten(0, 1), stride=2, padding=shape[1] // 2).unflatten(1, basis.shape[:2])
    return (maps[:, :-1] * mask_features[:, :, None]).sum(1) + maps[:, -1]


class UnusedNorm(nn.Module):
    """A batch norm that the authors' checkpoints hold and their 85.14 million parameters count; nothing applies it."""

    def __init__(self, channels: int):
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)


# ---------------------------------------------------------------------- decoders


class Attention(nn.Module):
    """The authors' name; it is a convolution of the skip connection and what the level above gave."""

    def __init__(self, in_channels: int, out_channels: int, last: bool):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1))
        if not last:
            self.conv.append(nn.ReLU(True))

    def forward(self, skip: Tensor, x: Tensor) -> Tensor:
        return self.conv(torch.cat([skip, x], 1))


class PointwiseNorm(nn.Module):
    """Batch norm whose scale and bias are computed for every pixel from another decoder's features of the same size."""

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.batch_norm = nn.BatchNorm2d(channels, affine=False)
        self.mlp_shared = nn.Sequential(nn.Conv2d(channels, hidden, 3, padding=1), nn.ReLU(True))
        self.mlp_scale = nn.Conv2d(hidden, channels, 3, padding=1)
        self.mlp_bias = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shared = self.mlp_shared(condition)
        return self.batch_norm(x) * (1 + self.mlp_scale(shared)) + self.mlp_bias(shared)


class RefinementBlock(nn.Module):
    """Twice the size, under the condition of the decoder before this one."""

    def __init__(self, in_channels: int, out_channels: int, hidden: int):
        super().__init__()
        self.deconv = nn.ConvTranspose2d(in_channels, out_channels, 4, 2, 1)
        self.bn = PointwiseNorm(out_channels, hidden)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return F.leaky_relu(self.bn(self.deconv(x), condition), 0.2, inplace=True)


class LastRefinement(nn.Conv2d):
    """A 1×1 convolution of coarse features, enlarged twice (bilinear), beside fine ones → 3 channels.

    Enlarging and mixing channels commute, so 3 channels are enlarged and not all: a fifth less memory in training.
    """

    def __init__(self, coarse_channels: int, fine_channels: int):
        super().__init__(coarse_channels + fine_channels, 3, 1)
        self.shares = (coarse_channels, fine_channels)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:  # type: ignore[override]  # two inputs
        of_coarse, of_fine = self.weight.split(self.shares, 1)
        mixed = F.interpolate(F.conv2d(coarse, of_coarse), scale_factor=2, mode="bilinear", align_corners=False)
        return mixed + F.conv2d(fine, of_fine, self.bias)


# ---------------------------------------------------------------------- the network


@dataclass
class CascadedPrediction(Prediction):
    """raw0, raw1: the outputs of the recovery decoder and of the first refinement, as `raw`, which is the second's."""

    raw0: Tensor
    raw1: Tensor

    @property
    def raw2(self) -> Tensor:
        return self.raw

    def known_only(self, truth: Tensor, known: Tensor) -> Self:
        first, second = (where_known(known, raw, truth) for raw in (self.raw0, self.raw1))
        return replace(super().known_only(truth, known), raw0=first, raw1=second)


class Network(nn.Module):
    """Mask-aware encoder, recovery decoder, two refinement decoders. The authors' key names; level 1 is the finest."""

    def __init__(self, width: int, levels: int):
        super().__init__()
        self.levels = levels
        growth = [min(2**level, 8) for level in range(levels)]
        filtered = [6, *(width // 4 * factor for factor in growth)]
        skips = [6, *(width * factor for factor in growth)]
        # a decoder's features after level i have the channels of the skip connection that it meets there
        decoded = [3, *skips[1:]]
        for level in range(1, levels + 1):
            size = {1: 7, 2: 5}.get(level, 3)
            mask_channels = 3 if level == 1 else width // 4
            generator = KernelGenerator(mask_channels, width // 4, filtered[level - 1], filtered[level], size)
            self.add_module(f"filter_gen_{level}", generator)
            self.add_module(f"enc_conv_{level}", UnusedNorm(filtered[level]))
            up = nn.Sequential(nn.Conv2d(filtered[level], skips[level], 1), nn.ReLU(True))
            self.add_module(f"enc_up_{level}", up)

            upsampling = nn.Sequential(nn.ConvTranspose2d(decoded[level], decoded[level - 1], 4, 2, 1))
            if level > 1:
                upsampling.extend([nn.BatchNorm2d(decoded[level - 1]), nn.LeakyReLU(0.2, True)])
                for name in ("dec_ref0", "dec_ref1"):
                    block = RefinementBlock(decoded[level], decoded[level - 1], 2 * width)
                    self.add_module(f"{name}_{level}", block)
            self.add_module(f"deconv_{level}", upsampling)
            attention = Attention(skips[level - 1] + decoded[level - 1], decoded[level - 1], last=level == 1)
            self.add_module(f"att_conv_{level}", attention)
        self.dec_ref0_1 = LastRefinement(decoded[1], 3 + 6)
        self.dec_ref1_1 = LastRefinement(decoded[1], 3 + 3 + 6)

    def forward(self, image: Tensor, mask: Tensor) -> CascadedPrediction:
        require_size(image, mask, 2**self.levels, 2**self.levels, "madf")
        valid = 1 - mask  # the authors' mask is 1 where the picture is known
        outputs = self.decode(self.encode(normalised(image) * valid, valid.expand_as(image)))
        raw0, raw1, raw2 = map(denormalised, outputs)
        return CascadedPrediction(raw=raw2, raw0=raw0, raw1=raw1)

    def encode(self, masked: Tensor, valid: Tensor) -> list[Tensor]:
        """The skip connections, from the input itself (6 channels) to the coarsest level."""
        skips = [torch.cat([masked, valid], 1)]
        x, mask_features = skips[0], valid
        for level in range(1, self.levels + 1):
            generator = getattr(self, f"filter_gen_{level}")
            mask_features = generator(mask_features)
            x = F.relu(generator.filter(x, mask_features))
            skips.append(getattr(self, f"enc_up_{level}")(x))
        return skips

    def decode(self, skips: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """The three outputs in the normalised space, each decoder conditioned on the one before it at every scale."""
        recovered = refined0 = refined1 = skips[-1]
        for level in range(self.levels, 0, -1):
            upsampled = getattr(self, f"deconv_{level}")(recovered)
            recovered = getattr(self, f"att_conv_{level}")(skips[level - 1], upsampled)
            if level > 1:
                refined0 = getattr(self, f"dec_ref0_{level}")(refined0, recovered)
                refined1 = getattr(self, f"dec_ref1_{level}")(refined1, refined0)
        output0 = recovered
        output1 = self.dec_ref0_1(refined0, torch.cat([output0, skips[0]], 1))
        output2 = self.dec_ref1_1(refined1, torch.cat([output0, output1, skips[0]], 1))
        return output0, output1, output2


# ---------------------------------------------------------------------- losses


def total_variation(image: Tensor) -> Tensor:
    """Mean absolute difference of horizontal neighbours plus that of vertical ones, N×C×H×W → a scalar."""
    return F.l1_loss(image[..., 1:], image[..., :-1]) + F.l1_loss(image[..., 1:, :], image[..., :-1, :])


class MADF(System):
    """The network and its losses: L1 in the hole and outside, perceptual, style, total variation.

    All losses are taken in the normalised space, VGG16's too, which gets its input as it is. They are logged with their
    weights, so that they sum up to what is minimised.
    """

    facts = Facts(
        name="madf",
        title="MADF",
        paper="Image Inpainting by End-to-End Cascaded Refinement with Mask Awareness (Zhu et al.)",
        year=2021,
        url="https://arxiv.org/abs/2104.13743",
        licence="GPL-3.0",
        kind="deep",
        authors_mask="1 = valid",
        authors_range=(-2.1179, 2.64),
        size_multiple=128,
        minimal_size=128,
        parameters=85_141_214,
        parts={
            "filter generators": 9_404_928,
            "encoder 1×1 convolutions": 286_144,
            "unused batch norms": 1_248,
            "recovery decoder": 31_050_745,
            "refinement decoders": 44_398_149,
        },
        without_gradient=("network.enc_conv_*.bn.*",),
        # batch norm follows, but at the first level
        zero_gradient=("network.dec_ref?_[2-9].deconv.bias", "network.deconv_[2-9].0.bias"),
        data=(
            "Random crops from pictures of 572 pixels, flipped. Masks rotated by up to 10°, flipped, with the soft "
            "edges that resizing gave them."
        ),
        augmentation={"flip": True, "crop": [0.2, 0.2], "mask_turn": [-10, 10]},
        deviations=(
            Deviation(
                "as_released",
                False,
                "The style loss compares the features of the last output, as intended; an index in the released code, "
                "off by one, gives it those of the output before, so that nothing asks the last one for style.",
            ),
        ),
    )
    Recipe = Recipe
    small = {"width": 8, "levels": 3, "image_size": 32}

    def __init__(self, **settings):
        super().__init__(**settings)
        self.network = Network(self.recipe.width, self.recipe.levels)

    @property
    def size_multiple(self) -> int:
        return 2**self.recipe.levels

    @property
    def minimal_size(self) -> int:
        return 2**self.recipe.levels

    @classmethod
    def backbones(cls, recipe) -> tuple[str, ...]:
        return ("vgg16",) if recipe.perceptual_weight or recipe.style_weight else ()

    def load_backbones(self, folder: str | Path, device: torch.device) -> None:
        for name in self.backbones(self.recipe):
            features = vgg.VGGFeatures(name, folder, FEATURE_LAYERS, normalise=False)
            self.features = features.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"network": torch.optim.Adam(self.network.parameters(), self.recipe.learning_rate, self.recipe.betas)}

    def losses(self, outputs: Sequence[Tensor], image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Weighted losses by name. outputs: those of the three decoders; they and the image N×3×H×W are normalised."""
        recipe, last = self.recipe, len(outputs) - 1
        composites = [composite(output, image, mask) for output in outputs]
        supervised = range(len(outputs)) if recipe.incremental_supervision else (last,)
        by_features = {}
        if self.asks_features:
            # the recovery decoder is held to the pixels alone
            pairs = {index: (outputs[index], composites[index]) for index in supervised if index or not last}
            by_features = self.feature_losses_of(pairs, image)
        differences = [(outputs[index] - image).abs() for index in supervised]

        def over(region: Tensor) -> Tensor:
            return reduce(torch.add, ((difference * region).mean() for difference in differences))

        return {
            **weighted(
                valid=(recipe.valid_weight, lambda: over(1 - mask)), hole=(recipe.hole_weight, lambda: over(mask))
            ),
            **by_features,
            **weighted(total_variation=(recipe.total_variation_weight, lambda: total_variation(composites[last]))),
        }

    def feature_losses_of(self, pairs: Mapping[int, tuple[Tensor, Tensor]], image: Tensor) -> dict[str, Tensor]:
        """Weighted perceptual and style loss of outputs and their composites, by the decoder's number."""
        recipe, last = self.recipe, max(pairs)
        styled = last - 1 if recipe.as_released and recipe.incremental_supervision else last
        layers = [(weight, FEATURE_LAYERS) for weight in (recipe.perceptual_weight, recipe.style_weight)]
        true = self.kept(image, lambda x: with_styles(self.features(x), *layers))

        def of(pictures: Sequence[Tensor], losses: Sequence[Callable[..., Tensor]]) -> Tensor:
            made = self.features.of_each(pictures)
            return torch.stack([torch.stack([loss(each, true, FEATURE_LAYERS) for loss in losses]) for each in made])

        known = {"perceptual": (recipe.perceptual_weight, perceptual_loss), "style": (recipe.style_weight, style_loss)}
        found: dict[str, list[Tensor]] = {name: [] for name, (weight, _) in known.items() if weight}
        for index, pair in pairs.items():
            names = [name for name in found if name == "perceptual" or index == styled]
            losses = [known[name][1] for name in names]
            if not names:
                continue
            if recipe.recompute_features:  # the features of both at once would need more memory than the network
                values = torch.cat([recomputed(of, (picture,), losses) for picture in pair])
            else:
                values = of(pair, losses)
            for name, each in zip(names, values.unbind(1), strict=True):
                found[name] += each
        return {name: known[name][0] * reduce(torch.add, values) for name, values in found.items()}

    def learn(self, image, mask, optimizers, backward):
        optimizers["network"].zero_grad()
        made = self.network(image, mask)
        outputs = [normalised(raw) for raw in (made.raw0, made.raw1, made.raw2)]
        losses = self.losses(outputs, normalised(image), mask)
        backward(torch.stack(list(losses.values())).sum())
        optimizers["network"].step()
        return {name: loss.detach() for name, loss in losses.items()}


SYSTEM = MADF
