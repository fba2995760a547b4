"""DISTS: likeness of structure and texture, from VGG16's features.

Ding, Ma, Wang and Simoncelli, "Image quality assessment: Unifying structure and texture similarity" (IEEE TPAMI 2022),
with the weights that its authors learned. The network is VGG16 with its poolings replaced: the square root of a blurred
sum of squares, which does not alias.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from lacuna.backbones.catalogue import backbone
from lacuna.backbones.reading import load
from lacuna.nn.imagenet import MEAN, STD

MINIMUM_SIZE = 16
"""Pixels of the shorter side: below, the last features are of one pixel and have no spread."""

_CONVOLUTIONS = ((3, 64, 64), (64, 128, 128), (128, 256, 256, 256), (256, 512, 512, 512), (512, 512, 512, 512))
_C1 = _C2 = 1e-6  # against division by nothing, of means and of covariances


class DISTS(nn.Module):
    """The distance of two images, 0 for equal ones and at most a little more than 1.

    `folder` holds `vgg16.safetensors` and `dists.safetensors`, as `lacuna fetch-backbone` makes them. The network is
    frozen. Raises `LacunaError` if the weights are missing or altered.
    """

    mean: Tensor
    std: Tensor
    window: Tensor
    of_means: Tensor
    of_covariances: Tensor

    def __init__(self, folder: str | Path):
        super().__init__()
        of_trunk, learned = load("vgg16", folder), load("dists", folder)
        with torch.device("meta"):  # nothing is drawn: the weights are loaded
            stages = [_stage(widths) for widths in _CONVOLUTIONS]
        convolutions = [module for stage in stages for module in stage if isinstance(module, nn.Conv2d)]
        for convolution, position in zip(convolutions, backbone("vgg16").convolutions, strict=True):
            for kind in ("weight", "bias"):
                setattr(convolution, kind, nn.Parameter(torch.from_numpy(of_trunk[f"features.{position}.{kind}"])))
        self.stages = nn.ModuleList(stages)
        alpha, beta = (torch.from_numpy(learned[name]).flatten().double() for name in ("alpha", "beta"))
        total = alpha.sum() + beta.sum()
        self.register_buffer("of_means", alpha / total)
        self.register_buffer("of_covariances", beta / total)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))
        ends = torch.tensor([1.0, 2.0, 1.0]) / 4  # Hann's window of five, without its zeros
        self.register_buffer("window", torch.outer(ends, ends)[None, None])
        self.requires_grad_(False).eval()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Two batches N×3×H×W in [0, 1] → distances N, float64. Raises `ValueError` for other shapes."""
        if a.shape != b.shape:
            raise ValueError(f"DISTS compares two batches of one shape, not {tuple(a.shape)} and {tuple(b.shape)}")
        return self.compare(self.features(a), self.features(b))

    def features(self, images: Tensor) -> list[Tensor]:
        """Images N×3×H×W in [0, 1] → themselves and the five features N×C×h×w, each stage half as large as the last.

        They can be kept and compared more than once. Raises `ValueError` for other shapes.
        """
        if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < MINIMUM_SIZE:
            raise ValueError(
                f"DISTS takes images N×3×H×W with sides of at least {MINIMUM_SIZE} pixels, not {tuple(images.shape)}"
            )
        found, x = [images], (images - self.mean) / self.std
        for number, stage in enumerate(self.stages):
            if number:
                x = self._pooled(x)
            x = stage(x)
            found.append(x)
        return found

    def _pooled(self, x: Tensor) -> Tensor:
        window = self.window.expand(x.shape[1], 1, 3, 3)
        squares = nn.functional.conv2d(x.square(), window, stride=2, padding=1, groups=x.shape[1])
        return (squares + 1e-12).sqrt()

    def compare(self, of_a: list[Tensor], of_b: list[Tensor]) -> Tensor:
        """`features` of two batches → distances N, float64: exactly 0 where nothing differs."""
        means, covariances = [], []
        for a, b in zip(of_a, of_b, strict=True):
            a, b = a.flatten(2).double(), b.flatten(2).double()
            mean_a, mean_b = a.mean(2), b.mean(2)
            a, b = a - mean_a[..., None], b - mean_b[..., None]
            means.append((2 * mean_a * mean_b + _C1) / (mean_a.square() + mean_b.square() + _C1))
            spread = a.square().mean(2) + b.square().mean(2)
            covariances.append((2 * (a * b).mean(2) + _C2) / (spread + _C2))
        # 1 - Σw·s = Σw·(1 - s), because the weights add up to 1
        unlike = (1 - torch.cat(means, 1)) * self.of_means + (1 - torch.cat(covariances, 1)) * self.of_covariances
        return unlike.sum(1)


def _stage(widths: tuple[int, ...]) -> nn.Sequential:
    modules: list[nn.Module] = []
    for a, b in zip(widths, widths[1:], strict=False):
        modules += [nn.Conv2d(a, b, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*modules)
