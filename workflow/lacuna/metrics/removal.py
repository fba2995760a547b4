"""Whether what fills a hole belongs to what surrounds it, without a truth: arithmetic on the features of patches.

After ReMOVE (Chandrasekar, Chakrabarty, Bardhan, Hebbalaguppe and Prathosh, "ReMOVE: A reference-free metric for object
erasure", CVPR workshops 2024), which compares the mean feature of the patches in the hole with that of the others, and
RC-S (Li et al., "PROVE: A perceptual removal coherence benchmark for visual media", 2026), which compares their
distributions window by window. Both look at a square around the hole. Their networks (SAM ViT-H, DINOv2) are files of
their authors; ours is a backbone of the user's, resizing and the square are ours, so values are not theirs.
"""

from typing import NamedTuple

import numpy as np

from lacuna.errors import LacunaError
from lacuna.metrics.distances import gaussian_discrepancy
from lacuna.metrics.embedding import Embedding

WIDER = 1 / 3  # of the square's side on each side, as in RC-S
LEAST_PIXELS = 200  # of a part of the hole that is looked at by itself, unless all are smaller
WINDOW, STEP, GRID = 16, 8, 64  # patches of RC-S' windows, between them, and along the grid that they are meant for
LEAST_PATCHES = 6  # on each side of a comparison within a window
SCALE = 3.0  # of the exponential that turns a discrepancy into a score


class Square(NamedTuple):
    """A part of a picture, in pixels."""

    top: int
    left: int
    side: int

    def of(self, array: np.ndarray) -> np.ndarray:
        """That part of an array H×W×…"""
        return array[self.top : self.top + self.side, self.left : self.left + self.side]


def square_around(hole: np.ndarray) -> Square:
    """The square around a hole H×W (bool, not empty), a third wider on each side, moved to lie inside the picture."""
    starts, spans = [], []
    for axis in (1, 0):
        found = np.flatnonzero(hole.any(axis=axis))
        starts.append(int(found[0]))
        spans.append(int(found[-1]) - int(found[0]) + 1)
    largest = max(spans)
    side = min(largest + 2 * round(largest * WIDER), *hole.shape)
    top, left = (
        min(max(0, round(start + (span - side) / 2)), whole - side)
        for start, span, whole in zip(starts, spans, hole.shape, strict=True)
    )
    return Square(top, left, side)


def parts_of(hole: np.ndarray) -> list[np.ndarray]:
    """The connected parts of a hole H×W (pixels touch by their sides) that are large enough to be looked at alone."""
    from scipy.ndimage import label

    labels, number = label(hole)
    sizes = np.bincount(labels.ravel(), minlength=number + 1)[1:]
    least = min(LEAST_PIXELS, sizes.max()) if number else 0
    return [labels == part for part, size in enumerate(sizes, start=1) if size >= least]


class Patches(NamedTuple):
    """The patches of a square: features float32 h×w×D, and which of them have a pixel of the hole, bool h×w."""

    features: np.ndarray
    hole: np.ndarray


def patches_of(embedding: Embedding, pictures: list[np.ndarray], holes: list[np.ndarray]) -> list[Patches]:
    """Pictures uint8 H×W×3 and holes bool H×W of any sizes → their patches."""
    grid = _grid(embedding)
    tokens = embedding.tokens(np.stack([embedding.prepare(picture) for picture in pictures]))
    others = tokens.shape[1] - grid[0] * grid[1]
    if others < 0:
        raise LacunaError(
            f"{embedding.path} answers {tokens.shape[1]} patches, but {grid[1]}×{grid[0]} of {embedding.patch} pixels "
            f"fit into its pictures; correct 'patch' or 'size' of backbones.{embedding.label}"
        )
    return [
        Patches(features.reshape(*grid, -1), hole_patches(embedding, hole))
        for features, hole in zip(tokens[:, others:], holes, strict=True)
    ]


def hole_patches(embedding: Embedding, hole: np.ndarray) -> np.ndarray:
    """Which patches of a picture have a pixel of the hole H×W: bool h×w."""
    from PIL import Image

    height, width = _grid(embedding)
    resized = np.asarray(Image.fromarray(hole).resize(embedding.size, Image.Resampling.NEAREST))
    side = _side(embedding)
    blocks = resized[: height * side, : width * side].reshape(height, side, width, side)
    return np.logical_or.reduce(blocks, axis=(1, 3))


def _grid(embedding: Embedding) -> tuple[int, int]:
    width, height = (length // _side(embedding) for length in embedding.size)
    return height, width


def _side(embedding: Embedding) -> int:
    if not embedding.patch:
        raise LacunaError(f"backbones.{embedding.label} has no 'patch', the side of its patches in pixels; add it")
    return embedding.patch


def why_not(embedding: Embedding, hole: np.ndarray) -> str:
    """Why nothing can be said about how a hole was filled; empty where something can."""
    if not hole.any():
        return "it has no hole"
    if hole_patches(embedding, hole).all():
        return f"no patch of {embedding.label} is without a pixel of the hole"
    return ""


def similarity(patches: Patches) -> float:
    """The cosine between the mean features of the hole's patches and of the others. Both must be there."""
    inside, outside = (patches.features[side].mean(axis=0, dtype=float) for side in (patches.hole, ~patches.hole))
    lengths = np.linalg.norm(inside) * np.linalg.norm(outside)
    if not lengths:
        raise LacunaError("the mean feature of patches is 0, so that it has no direction; use another backbone")
    return float(inside @ outside / lengths)


def coherence(patches: Patches) -> float:
    """exp(−d/3), d the mean over windows of `gaussian_discrepancy` between hole and context. Both must be there.

    A window with enough patches of both compares those; one with the hole alone compares it with all of the context;
    others say nothing. Where none says anything, because the grid is coarse, the whole hole is compared.
    """
    height, width = patches.hole.shape
    scale = max(height, width) / GRID
    window, step = (max(1, int(length * scale)) for length in (WINDOW, STEP))
    context = patches.features[~patches.hole]
    found = []
    for top in range(0, height - window + 1, step):
        for left in range(0, width - window + 1, step):
            part = (slice(top, top + window), slice(left, left + window))
            hole, features = patches.hole[part], patches.features[part]
            inside = int(hole.sum())
            if min(inside, hole.size - inside) >= LEAST_PATCHES:
                found.append(gaussian_discrepancy(features[hole], features[~hole]))
            elif inside == hole.size >= LEAST_PATCHES:
                found.append(gaussian_discrepancy(features[hole], context))
    found = found or [gaussian_discrepancy(patches.features[patches.hole], context)]
    return float(np.exp(-np.mean(found) / SCALE))


def of_pictures(score, predictions, holes, embedding: Embedding, apart: bool) -> np.ndarray:
    """A score of `Patches` for predictions uint8 K×N×H×W×3 with holes N×H×W → K×N. `why_not` must have no objection.

    apart: the mean over the connected parts of the hole, each in its own square; else one square around all of it. A
    square without a patch of context is widened to the whole picture.
    """
    values = np.empty(predictions.shape[:2])
    for n, hole in enumerate(holes):
        squares = [square_around(part) for part in (parts_of(hole) if apart else [hole])]
        seen = [None if hole_patches(embedding, square.of(hole)).all() else square for square in squares]
        pictures, around = (
            [square.of(array) if square else array for array in arrays for square in seen]
            for arrays in (predictions[:, n], [hole] * len(predictions))
        )
        scores = [score(patches) for patches in patches_of(embedding, pictures, around)]
        values[:, n] = np.mean(np.reshape(scores, (len(predictions), len(seen))), axis=1)
    return values
