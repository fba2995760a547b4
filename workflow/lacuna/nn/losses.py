"""Losses between features of a pretrained network, shared by systems. Each returns a scalar."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F


def gram_matrix(features: Tensor) -> Tensor:
    """N×C×H×W → N×C×C, the correlations between channels, divided by C·H·W.

    Gatys, Ecker, Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016; the divisor is the one
    of Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016.
    """
    n, channels, height, width = features.shape
    flat = features.reshape(n, channels, height * width)
    return torch.bmm(flat, flat.transpose(1, 2)) / (channels * height * width)


def perceptual_loss(of: Mapping[str, Tensor], to: Mapping[str, Tensor], layers: Iterable[str]) -> Tensor:
    """Sum over `layers` of the mean absolute difference between features (Johnson et al., ECCV 2016, with L1)."""
    return torch.stack([F.l1_loss(of[layer], to[layer]) for layer in layers]).sum()


def style_loss(of: Mapping[str, Tensor], to: Mapping[str, Tensor], layers: Iterable[str]) -> Tensor:
    """Sum over `layers` of the mean absolute difference between Gram matrices (Gatys et al., CVPR 2016, with L1)."""
    return torch.stack([F.l1_loss(gram_matrix(of[layer]), gram_matrix(to[layer])) for layer in layers]).sum()
