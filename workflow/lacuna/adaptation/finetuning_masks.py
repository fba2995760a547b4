"""Finetuning masks: holes in the known part of a picture, which the network is trained to fill.

Masks here are bool arrays H×W, True = hole. U is the user's mask, U' its dilation, and a finetuning mask F never
touches U', so that a rim of known pixels lies between F and U.
"""

import math

import cv2
import numpy as np

from lacuna.adaptation import geometry
from lacuna.adaptation.experiments import Masks
from lacuna.data.masks import strokes

TILES = 4  # along each side
_TRIES = 100
# Knots along each side, and share of the displacement: a slow wave and a fast one. Together they are not steep enough
# to fold the picture at the default roughness, which would leave islands of one tile in another.
_WAVES = ((2 * TILES, 0.75), (8 * TILES, 0.25))
_OPTIONS = strokes.Options()


def dilated(user: np.ndarray, share: float) -> np.ndarray:
    """U': the user's mask and every pixel within `share` of the short side, at least one, to all eight sides."""
    radius = max(1, round(share * min(user.shape)))
    return cv2.dilate(user.astype(np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8)).astype(bool)


def pixel_limits(masks: Masks, size: tuple[int, int]) -> tuple[int, int]:
    """Fewest and most pixels that strokes may cover in a picture of `size`."""
    total = size[0] * size[1]
    return math.ceil(masks.least_coverage * total - 1e-9), math.floor(masks.greatest_coverage * total + 1e-9)


def draw_strokes(rng: np.random.Generator, shut: np.ndarray, fewest: int, most: int) -> np.ndarray | None:
    """F' \\ U': strokes outside `shut` of `fewest` to `most` pixels, or None where none were found."""
    whole = draw_whole_strokes(rng, shut, fewest, most)
    return None if whole is None else whole & ~shut


def draw_whole_strokes(rng: np.random.Generator, shut: np.ndarray, fewest: int, most: int) -> np.ndarray | None:
    """F': strokes anywhere, of which `fewest` to `most` pixels lie outside `shut`, or None where none were found.

    Drawn on the whole picture, cut, and checked; then drawn anew. What is asked of the strokes is so much more as
    `shut` is expected to take away.
    """
    free = int(shut.size - np.count_nonzero(shut))
    if not max(1, fewest) <= min(free, most):
        return None
    least, greatest = (min(shut.size, round(count * shut.size / free)) for count in (fewest, most))
    for _ in range(_TRIES):
        drawn = strokes.draw(rng, shut.shape[::-1], least, greatest, _OPTIONS)
        if drawn is not None and fewest <= np.count_nonzero((drawn > 0) & ~shut) <= most:
            return drawn > 0
    return None


def move_user_mask(rng: np.random.Generator, user: np.ndarray, shut: np.ndarray, shift: float) -> np.ndarray | None:
    """The user's mask flipped, rotated by a multiple of 30 degrees and shifted at random, outside `shut`.

    shift: the largest one along each axis, as a share of the short side. None where nothing of it remains.
    """
    reach = round(shift * min(user.shape))
    for _ in range(_TRIES):
        source = geometry.unmoved(user.shape)
        for kind, turn in zip(("lr", "ud"), rng.random(2) < 0.5, strict=True):
            source = geometry.flipped(source, kind) if turn else source
        source = geometry.rotated(source, 30 * int(rng.integers(12)))
        down, right = rng.integers(-reach, reach, size=2, endpoint=True).tolist()
        source = geometry.shifted(source, down, right, geometry.EMPTY)
        found = geometry.moved_mask(user, source) & ~shut
        if found.any():
            return found
    return None


def draw_tiles(rng: np.random.Generator, size: tuple[int, int], roughness: float, count: int) -> np.ndarray:
    """`count` masks, bool count×H×W, that share 16 tiles of a picture of `size` among them and cover all of it.

    The tiles are equal squares whose edges are displaced by up to `roughness` of the short side, smoothly, so that they
    look drawn by hand; each of 4 masks has 4 of them, chosen at random.
    """
    amount = roughness * min(size)
    numbers = np.zeros(size, np.int64)
    for axis, (place, whole) in enumerate(zip(np.indices(size), size, strict=True)):
        displacement = sum(share * _waves(rng, size, knots) for knots, share in _WAVES) * amount
        along = np.floor((place + 0.5 + displacement) * TILES / whole).clip(0, TILES - 1).astype(np.int64)
        numbers += along * TILES ** (1 - axis)
    dealt = rng.permutation(TILES**2)
    return np.stack([np.isin(numbers, dealt[i::count]) for i in range(count)])


def _waves(rng: np.random.Generator, size: tuple[int, int], knots: int) -> np.ndarray:
    """A smooth random field H×W in [−1, 1]."""
    values = rng.uniform(-1, 1, (knots, knots)).astype(np.float32)
    return cv2.resize(values, size[::-1], interpolation=cv2.INTER_CUBIC).clip(-1, 1)
