"""LaMa: large mask inpainting with Fourier convolutions.

R. Suvorov, E. Logacheva, A. Mashikhin et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions",
WACV 2022 (arXiv 2109.07161). Particular: three quarters of the channels pass through the picture's Fourier transform
in every block, so that each layer sees the whole picture, however large; a perceptual loss with a wide receptive
field; and large training masks. Here is LaMa-Fourier; `blocks=18` makes it Big LaMa.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_

from lacuna.errors import LacunaError
from lacuna.nn import vgg
from lacuna.nn.islands import island
from lacuna.nn.layers import ReflectionPad2d
from lacuna.nn.losses import gradient_penalty, weighted
from lacuna.systems import base
from lacuna.systems.base import Deviation, Facts, Prediction, System, require_size

# The last features before each pooling: four stages, as the authors' ResNet has.
PERCEPTUAL_LAYERS = {
    "vgg16": ("relu1_2", "relu2_2", "relu3_3", "relu4_3"),
    "vgg19": ("relu1_2", "relu2_2", "relu3_4", "relu4_4"),
}
Pair = tuple[Tensor, Tensor | None]  # local and global features; at first nothing is global


@dataclass(frozen=True)
class Recipe(base.Recipe):
    """Hyper-parameters; the defaults are those of the authors' `lama-fourier` (github.com/advimman/lama).

    width: channels after the first convolution; the blocks have 8 × width, three quarters of them global.
    blocks: 9, or 18 for Big LaMa. perceptual_network: see the deviations. gradient_norm: what gradients are clipped to.
    """

    image_size: int = 256
    batch_size: int = 30
    iterations: int = 1_000_000
    width: int = 64
    blocks: int = 9
    discriminator_width: int = 64
    perceptual_network: str = "vgg16"
    l1_weight: float = 10.0
    adversarial_weight: float = 10.0
    feature_matching_weight: float = 100.0
    perceptual_weight: float = 1.0
    gradient_penalty_weight: float = 0.001
    learning_rate: float = 1e-3
    discriminator_learning_rate: float = 1e-4
    gradient_norm: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        if self.perceptual_network not in PERCEPTUAL_LAYERS:
            raise LacunaError(
                f"setting 'perceptual_network' of system 'lama' is one of {', '.join(PERCEPTUAL_LAYERS)}, "
                f"not '{self.perceptual_network}'"
            )
        if min(self.width, self.blocks, self.discriminator_width) < 1 or self.gradient_norm <= 0:
            raise LacunaError("system 'lama' needs widths and blocks of at least 1 and a gradient_norm above 0")


# ---------------------------------------------------------------------- generator


class ReflectedConvolution(nn.Conv2d):
    """A convolution without bias whose input is padded by reflection."""

    def __init__(self, channels: int, out_channels: int, kernel: int = 3, stride: int = 1, pad: int = 1):
        super().__init__(channels, out_channels, kernel, stride, bias=False)
        self.pad = ReflectionPad2d(pad) if pad else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.pad(x))


class FourierUnit(nn.Module):
    """A 1×1 convolution over the real Fourier transform: each output pixel depends on the whole map."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv_layer = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        n, channels, height, width = x.shape
        # real and imaginary parts of a channel become neighbouring channels
        spectrum = _spectrum(_not_half(x))
        stacked = spectrum.permute(0, 1, 4, 2, 3).reshape(n, 2 * channels, height, -1)
        stacked = F.relu(self.bn(self.conv_layer(stacked)))
        spectrum = _not_half(stacked).reshape(n, channels, 2, height, -1).permute(0, 1, 3, 4, 2).contiguous()
        return _maps(spectrum, (height, width))


@island("Fourier transform")
def _spectrum(x: Tensor) -> Tensor:
    return torch.view_as_real(torch.fft.rfft2(x, norm="ortho"))


@island("Fourier transform")
def _maps(spectrum: Tensor, size: tuple[int, int]) -> Tensor:
    return torch.fft.irfft2(torch.view_as_complex(spectrum), s=size, norm="ortho")


def _not_half(x: Tensor) -> Tensor:
    """Fourier transforms need single precision at least, whatever precision the rest is trained in."""
    return x if x.dtype == torch.float64 else x.float()


class SpectralTransform(nn.Module):
    """Half the channels through a Fourier unit beside a shortcut."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        half = out_channels // 2
        self.conv1 = nn.Sequential(nn.Conv2d(channels, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(True))
        self.fu = FourierUnit(half)
        self.conv2 = nn.Conv2d(half, out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        return self.conv2(x + self.fu(x))


class FastFourierConvolution(nn.Module):
    """Local and global features exchange: three convolutions, and the spectral transform from global to global.

    Chi, Jiang, Mu, "Fast Fourier Convolution", NeurIPS 2020. `channels` and `out_channels` are (local, global) counts;
    the layer that first makes global features has none to take in.
    """

    def __init__(self, channels: tuple[int, int], out_channels: tuple[int, int], **convolution):
        super().__init__()
        (local, spread), (out_local, out_spread) = channels, out_channels
        self.convl2l = ReflectedConvolution(local, out_local, **convolution)
        self.convl2g = ReflectedConvolution(local, out_spread, **convolution) if out_spread else None
        self.convg2l = ReflectedConvolution(spread, out_local, **convolution) if spread else None
        self.convg2g = SpectralTransform(spread, out_spread) if spread else None

    def forward(self, x: Pair) -> Pair:
        local, spread = x
        out_local = self.convl2l(local)
        out_spread = self.convl2g(local) if self.convl2g is not None else None
        if self.convg2l is not None and self.convg2g is not None:
            return out_local + self.convg2l(spread), out_spread + self.convg2g(spread)
        return out_local, out_spread


class FourierLayer(nn.Module):
    """A fast Fourier convolution, batch normalisation and ReLU, each for both kinds of features."""

    def __init__(self, channels: tuple[int, int], out_channels: tuple[int, int], **convolution):
        super().__init__()
        self.ffc = FastFourierConvolution(channels, out_channels, **convolution)
        self.bn_l = nn.BatchNorm2d(out_channels[0])
        self.bn_g = nn.BatchNorm2d(out_channels[1]) if out_channels[1] else None

    def forward(self, x: Pair) -> Pair:
        local, spread = self.ffc(x)
        return F.relu(self.bn_l(local)), F.relu(self.bn_g(spread)) if self.bn_g is not None else None


class FourierBlock(nn.Module):
    """Two Fourier layers beside a shortcut; nothing after the sum."""

    def __init__(self, channels: tuple[int, int]):
        super().__init__()
        self.conv1 = FourierLayer(channels, channels)
        self.conv2 = FourierLayer(channels, channels)

    def forward(self, x: Pair) -> Pair:
        local, spread = self.conv2(self.conv1(x))
        return x[0] + local, x[1] + spread


class Split(ReflectionPad2d):
    """Pads, and begins with all features local."""

    def forward(self, x: Tensor) -> Pair:  # type: ignore[override]  # a pair comes out
        return super().forward(x), None


class Join(nn.Module):
    """Local and global features become one map."""

    def forward(self, x: Pair) -> Tensor:
        return torch.cat(x, 1)  # type: ignore[arg-type]  # past the first blocks there are both


class Generator(nn.Module):
    """Encoder to an eighth of the size, Fourier blocks, decoder. The authors' key names; torch's initialisation."""

    def __init__(self, width: int, blocks: int):
        super().__init__()
        middle = (2 * width, 6 * width)  # a quarter local, three quarters global
        layers: list[nn.Module] = [
            Split(3),
            FourierLayer((4, 0), (width, 0), kernel=7, pad=0),
            FourierLayer((width, 0), (2 * width, 0), stride=2),
            FourierLayer((2 * width, 0), (4 * width, 0), stride=2),
            FourierLayer((4 * width, 0), middle, stride=2),
            *(FourierBlock(middle) for _ in range(blocks)),
            Join(),
        ]
        for channels in (8 * width, 4 * width, 2 * width):
            transposed = nn.ConvTranspose2d(channels, channels // 2, 3, 2, 1, output_padding=1)
            layers += [transposed, nn.BatchNorm2d(channels // 2), nn.ReLU(True)]
        layers += [ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Sigmoid()]
        self.model = nn.Sequential(*layers)

    def forward(self, image: Tensor, mask: Tensor) -> Prediction:
        require_size(image, mask, 8, 16, "lama")
        return Prediction(raw=self.model(torch.cat([image * (1 - mask), mask], 1)))


def biases_before_norms(blocks: int) -> tuple[str, ...]:
    """The biases that a batch norm takes off again: of the transposed convolutions, and of the discriminator."""
    doubling = tuple(f"network.model.{blocks + index}.bias" for index in (6, 9, 12))
    return (*doubling, "discriminator.model[1-4].0.bias")


# ---------------------------------------------------------------------- discriminator and losses


class Discriminator(nn.Module):
    """Patches of an image N×3×H×W in [0, 1] → logits N×1×h×w (19×19 of 256×256), positive = real; and five features."""

    def __init__(self, width: int):
        super().__init__()
        self.names = [f"model{index}" for index in range(5)]
        channels = (3, width, 2 * width, 4 * width, 8 * width, 8 * width)
        for index, name in enumerate(self.names):
            entering, leaving = channels[index : index + 2]
            layers: list[nn.Module] = [nn.Conv2d(entering, leaving, 4, 2 if index < 4 else 1, padding=2)]
            if index:
                layers.append(nn.BatchNorm2d(channels[index + 1]))
            self.add_module(name, nn.Sequential(*layers, nn.LeakyReLU(0.2)))
        self.model5 = nn.Sequential(nn.Conv2d(8 * width, 1, 4, padding=2))

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        features, x = [], image
        for name in self.names:
            x = getattr(self, name)(x)
            features.append(x)
        return self.model5(x), features


def known_l1_loss(raw: Tensor, image: Tensor, mask: Tensor) -> Tensor:
    """Mean over all elements of the absolute difference, counted outside the hole only."""
    return ((1 - mask) * (raw - image).abs()).mean()


def feature_matching_loss(made: list[Tensor], true: list[Tensor]) -> Tensor:
    """Mean over the layers of the mean squared difference of the discriminator's features."""
    return torch.stack([F.mse_loss(a, b) for a, b in zip(made, true, strict=True)]).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """Non-saturating: mean of softplus(−logit) over all patches."""
    return F.softplus(-fake).mean()


def discriminator_loss(real: Tensor, fake: Tensor, mask: Tensor) -> Tensor:
    """Logits N×1×h×w: real pictures are real, and of predictions only the patches in the hole N×1×H×W are fake."""
    hole = F.interpolate(mask, fake.shape[-2:], mode="nearest")
    return (F.softplus(-real) + hole * F.softplus(fake) + (1 - hole) * F.softplus(-fake)).mean()


# ---------------------------------------------------------------------- the system


class LaMa(System):
    """Generator, patch discriminator, and four losses of the raw prediction.

    Losses are logged with their weights: the first four sum up to what the generator minimises, the last two to what
    the discriminator minimises. Counted multiply-accumulates are 31.96 G at 256×256, of which the convolutions are
    31.87 G and the Fourier transforms 0.09 G.
    """

    facts = Facts(
        name="lama",
        title="LaMa",
        paper="Resolution-robust Large Mask Inpainting with Fourier Convolutions (Suvorov et al.)",
        year=2022,
        url="https://arxiv.org/abs/2109.07161",
        licence="Apache-2.0",
        kind="deep",
        size_multiple=8,
        minimal_size=16,
        parameters=27_048_835,
        parts={"generator": 27_048_835, "discriminator": 6_962_369},
        zero_gradient=biases_before_norms(Recipe.blocks),
        data=(
            "Places: crops of 256 pixels after random perspective, scaling, rotation, shear and lens distortion, "
            "flipped, contrast and colours jittered; CelebA-HQ: none of it. Masks drawn anew for every picture: wide "
            "strokes and boxes."
        ),
        deviations=(
            Deviation(
                "perceptual_network",
                "vgg16",
                "The perceptual loss compares VGG features before each pooling; the authors compare the four stages of "
                "a dilated ResNet-50 trained to segment ADE20K, whose receptive field is wider. "
                "That loss is not available here: its weights (of CSAIL's segmentation, `ade20k-resnet50dilated`) are "
                "none of the backbones that this project fetches and checks by their hash.",
            ),
            Deviation(
                "perceptual_weight",
                1.0,
                "The authors' 30 is for their network; VGG's features are larger, and at 30 their loss would be some "
                "forty times all others together.",
            ),
            Deviation(
                "batch_size",
                30,
                "The paper's batch over all its GPUs; the released configuration says 10 on each. Batch normalisation "
                "makes batches below 20 train clearly worse, say the authors.",
            ),
        ),
    )
    Recipe = Recipe
    small = {"width": 4, "blocks": 1, "discriminator_width": 4, "image_size": 32}
    discriminator: nn.Module

    def __init__(self, **settings):
        super().__init__(**settings)
        self.network = Generator(self.recipe.width, self.recipe.blocks)
        self.discriminator = Discriminator(self.recipe.discriminator_width)

    @property
    def zero_gradient(self) -> tuple[str, ...]:
        return biases_before_norms(self.recipe.blocks)

    @classmethod
    def backbones(cls, recipe) -> tuple[str, ...]:
        return (recipe.perceptual_network,) if recipe.perceptual_weight else ()

    def load_backbones(self, folder: str | Path, device: torch.device) -> None:
        for name in self.backbones(self.recipe):
            features = vgg.VGGFeatures(name, folder, PERCEPTUAL_LAYERS[name])
            self.features = features.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it

    def predict(self, image: Tensor, mask: Tensor) -> Tensor:
        """As `System.predict`, but padded as the authors pad: the edge itself is repeated first."""
        height, width = image.shape[-2:]
        rows, columns = (
            np.pad(np.arange(side), (0, self.padded_size(side) - side), "symmetric") for side in (height, width)
        )
        image, mask = (tensor[..., rows, :][..., columns] for tensor in (image, mask))
        return super().predict(image, mask)[..., :height, :width]

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        recipe = self.recipe
        return {
            "network": torch.optim.Adam(self.network.parameters(), recipe.learning_rate),
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), recipe.discriminator_learning_rate),
        }

    def perceptual_loss(self, raw: Tensor, image: Tensor) -> Tensor:
        """Sum over the layers of the mean squared difference of the pretrained network's features."""
        true = self.kept(image, self.features)
        return torch.stack([F.mse_loss(made, true[layer]) for layer, made in self.features(raw).items()]).sum()

    def generator_losses(self, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Weighted losses of a new prediction, which the discriminator judges as it stands."""
        recipe = self.recipe
        raw = self.network(image, mask).raw
        if recipe.feature_matching_weight:
            _, true = self.discriminator(image)
        if recipe.adversarial_weight or recipe.feature_matching_weight:
            fake, made = self.discriminator(raw)
        return weighted(
            l1=(recipe.l1_weight, lambda: known_l1_loss(raw, image, mask)),
            adversarial=(recipe.adversarial_weight, lambda: generator_loss(fake)),
            feature_matching=(recipe.feature_matching_weight, lambda: feature_matching_loss(made, true)),
            perceptual=(
                self.asks_features and recipe.perceptual_weight,
                lambda: self.perceptual_loss(raw, image),
            ),
        )

    def discriminator_losses(self, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """The discriminator's loss on a new prediction, and its weighted gradient penalty."""
        with torch.no_grad():
            raw = self.network(image, mask).raw
        # the penalty differentiates twice, in single precision: past the wrapper that training may put around a module
        bare = getattr(self.discriminator, "module", self.discriminator)
        image = image.detach().requires_grad_()
        real, _ = bare(image)
        fake, _ = self.discriminator(raw)
        return {
            "discriminator": discriminator_loss(real, fake, mask),
            **weighted(gradient_penalty=(self.recipe.gradient_penalty_weight, lambda: gradient_penalty(real, image))),
        }

    def learn(self, image, mask, optimizers, backward):
        self.discriminator.requires_grad_(False)
        losses = self.generator_losses(image, mask)
        self._update("network", losses, optimizers, backward)
        self.discriminator.requires_grad_(True)
        judged = self.discriminator_losses(image, mask)
        self._update("discriminator", judged, optimizers, backward)
        return {name: loss.detach() for name, loss in {**losses, **judged}.items()}

    def _update(self, part: str, losses: dict[str, Tensor], optimizers, backward) -> None:
        optimizers[part].zero_grad()
        backward(torch.stack(list(losses.values())).sum())
        clip_grad_norm_(self.modules()[part].parameters(), self.recipe.gradient_norm)
        optimizers[part].step()


SYSTEM = LaMa
