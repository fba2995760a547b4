"""Where the pixels of a moved picture come from: a map of indices, so that pictures and masks move exactly alike.

A map is an int64 array H×W. Each place holds the number of the pixel that comes there (row by row, from 0), or EMPTY.
Every function here takes a map and returns the map of the picture moved once more; as nothing is interpolated, masks
that were disjoint remain so.
"""

import numpy as np
import torch
from torch import Tensor

EMPTY = -1


def unmoved(size: tuple[int, int]) -> np.ndarray:
    """The map of a picture of `size` (H, W) that stays as it is."""
    return np.arange(size[0] * size[1]).reshape(size)


def cropped(source: np.ndarray, top: int, left: int, height: int, width: int) -> np.ndarray:
    """A window, enlarged to the whole picture by nearest neighbours."""
    rows, columns = (
        start + np.arange(whole) * inside // whole
        for start, inside, whole in zip((top, left), (height, width), source.shape, strict=True)
    )
    return source[rows[:, None], columns]


def flipped(source: np.ndarray, kind: str) -> np.ndarray:
    """`lr` exchanges left and right, `ud` up and down."""
    return source[:, ::-1] if kind == "lr" else source[::-1]


def shifted(source: np.ndarray, down: int, right: int, border: np.ndarray | int) -> np.ndarray:
    """A shift by whole pixels; where nothing comes there is `border`: a map, or EMPTY."""
    moved = np.full_like(source, border) if isinstance(border, int) else border.copy()
    rows, columns = (_overlap(by, whole) for by, whole in zip((down, right), source.shape, strict=True))
    moved[rows[0], columns[0]] = source[rows[1], columns[1]]
    return moved


def _overlap(by: int, whole: int) -> tuple[slice, slice]:
    """Places of a shifted axis that something comes to, and where it comes from."""
    by = max(-whole, min(whole, by))
    return slice(max(by, 0), whole + min(by, 0)), slice(max(-by, 0), whole - max(by, 0))


def rotated(source: np.ndarray, degrees: int) -> np.ndarray:
    """A rotation about the centre, clockwise as the picture is seen, nearest neighbours."""
    radians = np.deg2rad(degrees % 360)
    # a quarter turn is exact, so that it only moves pixels
    cos, sin = (round(float(f(radians)), 15) for f in (np.cos, np.sin))
    return _affine(source, np.array([[cos, -sin], [sin, cos]]))


def sheared(source: np.ndarray, x_by_y: float, y_by_x: float) -> np.ndarray:
    """x += x_by_y·y and y += y_by_x·x about the centre, nearest neighbours."""
    return _affine(source, np.array([[1, x_by_y], [y_by_x, 1]]))


def _affine(source: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The pixel at (x, y) from the centre goes to `matrix`·(x, y); so each place looks up where it comes from."""
    height, width = source.shape
    y, x = (axis - (whole - 1) / 2 for axis, whole in zip(np.indices(source.shape), source.shape, strict=True))
    (a, b), (c, d) = np.linalg.inv(matrix)
    # halves are rounded upwards all, or a quarter turn of an odd by even picture would take pixels twice
    columns = np.floor(a * x + b * y + (width - 1) / 2 + 0.5 + 1e-9).astype(np.int64)
    rows = np.floor(c * x + d * y + (height - 1) / 2 + 0.5 + 1e-9).astype(np.int64)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return np.where(inside, source[rows.clip(0, height - 1), columns.clip(0, width - 1)], EMPTY)


def moved_mask(mask: np.ndarray, source: np.ndarray) -> np.ndarray:
    """A bool H×W mask moved by a map; empty places are False."""
    return mask.ravel()[source] & (source != EMPTY)


def moved(pictures: Tensor, sources: Tensor) -> Tensor:
    """Pictures B×C×H×W moved by the maps B×H×W; empty places are 0."""
    places = sources.clamp_min(0).flatten(1)[:, None].expand(-1, pictures.shape[1], -1)
    taken = pictures.flatten(2).gather(2, places).view_as(pictures)
    return torch.where((sources != EMPTY)[:, None], taken, 0)
