"""The two-dimensional Fourier transform of real maps, in real arithmetic: products with cosines and sines.

A transform of n places by an n×n product costs n times what the fast one does per place divided by log n; the maps that
it is used for have a side of an eighth of the picture's, where that is little beside the convolutions.
"""

import math

import torch
from torch import Tensor


def rfft2(x: Tensor, *, norm: str) -> Tensor:
    """`torch.fft.rfft2(x, norm="ortho")` of N×C×H×W, as pairs of real numbers: N×C×H×(W//2 + 1)×2."""
    _only_ortho(norm)
    height, width = x.shape[-2:]
    columns = _turns(width, torch.arange(width)[:, None] * torch.arange(width // 2 + 1))
    rows = _turns(height, torch.arange(height)[:, None] * torch.arange(height))
    scale = _ortho(height, width)
    real, imaginary = x @ torch.cos(columns), -(x @ torch.sin(columns))
    cos, sin = torch.cos(rows) * scale, torch.sin(rows) * scale
    return torch.stack([cos @ real + sin @ imaginary, cos @ imaginary - sin @ real], -1)


def irfft2(pairs: Tensor, *, s: tuple[int, int], norm: str) -> Tensor:
    """`torch.fft.irfft2(…, s=s, norm="ortho")` of the complex numbers N×C×H×(W//2 + 1)×2: N×C×H×W, s is (H, W)."""
    _only_ortho(norm)
    height, width = s
    frequency = torch.arange(width // 2 + 1)
    columns = _turns(width, frequency[:, None] * torch.arange(width))
    rows = _turns(height, torch.arange(height)[:, None] * torch.arange(height))
    # all frequencies but the first, and the last one of an even width, stand for their mirror image too
    twice = 2 - (frequency == 0).float() - (2 * frequency == width).float()
    weight = (twice * _ortho(height, width))[:, None]
    real, imaginary = pairs[..., 0], pairs[..., 1]
    cos, sin = torch.cos(rows), torch.sin(rows)
    real, imaginary = cos @ real - sin @ imaginary, cos @ imaginary + sin @ real
    return real @ (torch.cos(columns) * weight) - imaginary @ (torch.sin(columns) * weight)


def _turns(period, products: Tensor) -> Tensor:
    """Angles in radians of whole products out of `period`; whole turns are taken off while the numbers are exact."""
    return (products % period).float() * (2 * math.pi / period)


def _ortho(height, width):
    return (height * width) ** -0.5


def _only_ortho(norm: str) -> None:
    if norm != "ortho":
        raise NotImplementedError(f"only norm='ortho', not {norm!r}")
