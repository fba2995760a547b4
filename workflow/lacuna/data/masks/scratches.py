"""Scratches: long thin lines, nearly straight, as on old film and prints."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np

_MOST_SCRATCHES = 5000
_KNOTS = 16  # of a curve


@dataclass(frozen=True)
class Options:
    """How the scratches look; lengths are shares of the short side, so that they fit every image size."""

    length: float = key("longest scratch", 1.5, above=0, maximum=10)
    width: float = key(
        "widest scratch; 0.01 is 3 pixels of 256, and none is less than a pixel wide", 0.01, above=0, maximum=1
    )
    bend: float = key(
        "how far the middle is from the straight line at most, as a share of the length", 0.1, minimum=0, maximum=1
    )
    spread: float = key(
        "largest angle with the vertical, in degrees; 90 is any direction, 5 is worn film", 90.0, minimum=0, maximum=90
    )

    def __post_init__(self):
        verify(self, "scratches")


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) of scratches with `fewest` to `most` hole pixels; `size` is (width, height).

    How much is covered is uniform in that range, up to the last scratch's size. None where no such mask was found.
    """
    import cv2
    import numpy as np

    target = int(rng.integers(fewest, most + 1))
    mask, scale = np.zeros(size[::-1], np.uint8), 1.0
    for _ in range(_MOST_SCRATCHES):
        before = mask.copy()
        points, width = _scratch(rng, size, scale, options)
        cv2.polylines(mask, [points], False, 255, width)
        covered = cv2.countNonZero(mask)
        if covered > most:
            mask, scale = before, 0.7 * scale  # too much at once: take it back and go on with shorter ones
        elif covered >= target:
            return mask
    return None


def _scratch(
    rng: "np.random.Generator", size: tuple[int, int], scale: float, options: Options
) -> "tuple[np.ndarray, int]":
    """The knots of a parabola's arc around a random point (int32 K×1×2, x and y), and its width in pixels."""
    import numpy as np

    x, y, of_length, of_width, of_angle, of_bend = rng.random(6).tolist()
    length = scale * options.length * min(size) * (0.2 + 0.8 * of_length)
    angle = math.radians(options.spread) * (2 * of_angle - 1)
    along = np.linspace(-0.5, 0.5, _KNOTS) * length
    aside = options.bend * length * (2 * of_bend - 1) * (1 - (2 * along / length) ** 2)
    points = np.stack(
        [
            x * size[0] + along * math.sin(angle) + aside * math.cos(angle),
            y * size[1] + along * math.cos(angle) - aside * math.sin(angle),
        ],
        axis=-1,
    )
    width = max(1, round(of_width * options.width * min(size)))
    return np.round(points).astype(np.int32)[:, None], width
