"""Which part of a photograph becomes an image."""

from typing import NamedTuple

import numpy as np


class Crop(NamedTuple):
    """A rectangle in pixels of the upright photograph."""

    left: int
    top: int
    width: int
    height: int


def centre_crop(photograph: tuple[int, int], shape: tuple[int, int]) -> Crop:
    """The largest centred crop with the proportions of `shape`; both arguments are (width, height)."""
    width, height = _largest(photograph, shape, 1.0)
    return Crop((photograph[0] - width) // 2, (photograph[1] - height) // 2, width, height)


def random_crop(
    photograph: tuple[int, int], shape: tuple[int, int], scale: tuple[float, float], rng: np.random.Generator
) -> Crop:
    """A crop whose sides are a uniform share in `scale` of the largest crop's with the proportions of `shape`.

    For a square shape that is a share of the photograph's short side. The position is uniform.
    """
    width, height = _largest(photograph, shape, rng.uniform(*scale))
    left = int(rng.integers(photograph[0] - width + 1))
    top = int(rng.integers(photograph[1] - height + 1))
    return Crop(left, top, width, height)


def _largest(photograph: tuple[int, int], shape: tuple[int, int], share: float) -> tuple[int, int]:
    """Size of the largest crop with the proportions of `shape`, times `share`, at least one pixel."""
    scale = share * min(photograph[0] / shape[0], photograph[1] / shape[1])
    width, height = (max(1, min(side, round(scale * part))) for side, part in zip(photograph, shape, strict=True))
    return width, height
