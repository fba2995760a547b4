"""LPIPS on VGG16 as a training loss, with dropout and cheap gradients; the metric of `nn/lpips.py` has neither.

R. Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, version 0.1.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.backbones.reading import load
from lacuna.nn.imagenet import MEAN, STD
from lacuna.nn.islands import in_bfloat16
from lacuna.nn.winograd import FrozenConvolution, frozen, suits

# Positions of the convolutions in torchvision's `features`; the last of each stage is compared, after its ReLU.
_STAGES = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))

MINIMUM_SIZE = 16


class PerceptualSimilarity(nn.Module):
    """Distance of pictures N×3×H×W in [0, 1] (sides of at least 16 pixels) to the `truth_of` others → the batch's mean.

    `folder` holds `lpips_vgg.safetensors`; weights that are missing or altered are a `LacunaError`. dropout: the
    probability with which a channel's difference is left out at a pixel (and the others made larger in return), in
    training and evaluation alike. Gradients flow to the pictures, never to the weights or the truth.

    In single precision on the CPU, wide convolutions are Winograd's (`quick`), which rounds otherwise. `mixed`:
    they are computed in bfloat16, and features come as float32 all the same.
    """

    mean: Tensor
    std: Tensor
    quick = True
    mixed = False

    def __init__(self, folder: str | Path, dropout: float = 0.0):
        super().__init__()
        self.dropout = dropout
        for key, array in load("lpips_vgg", folder).items():
            self.register_buffer(key.replace(".", "_"), torch.from_numpy(array))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))

    def truth_of(self, images: Tensor) -> dict[str, Tensor]:
        """What pictures are compared to: the features of true ones, of unit length, by stage."""
        with torch.no_grad():
            return {str(stage): _unit(features) for stage, features in enumerate(self._features(images))}

    def forward(self, made: Tensor, truth: Mapping[str, Tensor]) -> Tensor:
        if min(made.shape[-2:]) < MINIMUM_SIZE:
            raise ValueError(f"images must have sides of at least {MINIMUM_SIZE} pixels, not {tuple(made.shape)}")
        total: Any = 0  # a tensor from the first stage on
        for stage, of in enumerate(self._features(made)):
            difference = (_unit(of) - truth[str(stage)]).square()
            if self.dropout:
                difference = F.dropout(difference, self.dropout, training=True)
            total = total + F.conv2d(difference, getattr(self, f"lin_{stage}_weight")).mean()
        return total

    def _features(self, images: Tensor) -> list[Tensor]:
        x, found = (images - self.mean) / self.std, list[Tensor]()
        quick = self._quick if self.quick and not self.mixed and suits(x) else {}
        with in_bfloat16(self.mixed, x):
            for stage in _STAGES:
                if found:
                    x = F.max_pool2d(x, 2)
                for position in stage:
                    x = quick[position](x) if position in quick else F.conv2d(x, *self._of(position), padding=1)
                    x = F.relu_(x)
                found.append(x)
        return [each.to(images.dtype) for each in found]

    def _of(self, position: int) -> tuple[Tensor, Tensor]:
        """Weight and bias of a convolution."""
        return getattr(self, f"features_{position}_weight"), getattr(self, f"features_{position}_bias")

    @cached_property
    def _quick(self) -> dict[int, FrozenConvolution]:
        """Position → what stands in for a convolution where that is the quicker."""
        return frozen({position: self._of(position) for stage in _STAGES for position in stage})


def _unit(features: Tensor) -> Tensor:
    """Features of length 1 at every pixel.

    At a pixel where all are 0 the square root has no finite slope; a number far below LPIPS' own 1e-10 gives it one.
    """
    length = (features.square().sum(1, keepdim=True) + 1e-24).sqrt()
    return features / (length + 1e-10)
