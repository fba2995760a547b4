"""Irregular masks: the pixels that a 4-neighbour random walk visits.

The walk starts anywhere, stays where it is when it would leave the image, and ends when it has visited as many pixels
as were asked for: a usual replacement of the irregular masks of Liu et al., "Image Inpainting for Irregular Holes Using
Partial Convolutions" (2018), which takes a fixed number of steps instead.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_MOST_STEPS = 500  # times the number of pixels


@dataclass(frozen=True)
class Options:
    """The walk has no parameters."""


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) with n visited pixels, n uniform in [fewest, most]; `size` is (width, height).

    None where the walk did not get that far in a bounded number of steps.
    """
    import cv2
    import numpy as np

    width, height = size
    target = int(rng.integers(fewest, most + 1))
    x, y = int(rng.integers(width)), int(rng.integers(height))
    mask = np.zeros((height, width), np.uint8)
    flat = mask.reshape(-1)
    horizontal, vertical = _four_steps()
    columns, rows = _folded(width, 1), _folded(height, width)
    steps = max(256, width * height // 4) // 4 * 4
    for _ in range(1 + _MOST_STEPS * width * height // steps):
        four_steps = np.frombuffer(rng.bytes(steps // 4), np.uint8)
        across = np.cumsum(horizontal.take(four_steps, axis=0), dtype=np.int32)
        down = np.cumsum(vertical.take(four_steps, axis=0), dtype=np.int32)
        across += x
        down += y
        visited = columns.take(across, mode="wrap") + rows.take(down, mode="wrap")
        before = flat.copy()
        flat[visited] = 255
        if cv2.countNonZero(mask) >= target:
            _cut(flat, before, visited, target)
            return mask
        x, y = int(across[-1]) % (2 * width), int(down[-1]) % (2 * height)
    return None


@cache
def _four_steps() -> "tuple[np.ndarray, np.ndarray]":
    """The horizontal and vertical parts of four steps of two bits each, for every random byte: int8 256×4 each."""
    import numpy as np

    bits = (np.arange(256)[:, None] >> np.array([0, 2, 4, 6])) & 3
    return np.array([1, -1, 0, 0], np.int8)[bits], np.array([0, 0, 1, -1], np.int8)[bits]


def _folded(side: int, stride: int) -> "np.ndarray":
    """Offsets of the positions 0, 1, … of an unbounded walk, of period 2·side.

    The unbounded walk mirrored at half a pixel outside the border is, in law, the walk that stays where it is when a
    step would leave the image; that makes the whole walk a cumulative sum.
    """
    import numpy as np

    forth = np.arange(side, dtype=np.int64) * stride
    return np.concatenate([forth, forth[::-1]])


def _cut(flat: "np.ndarray", before: "np.ndarray", visited: "np.ndarray", target: int) -> None:
    """Undo the visits after the one that made `target` pixels; `flat` becomes `before` and a beginning of `visited`."""
    import numpy as np

    flat[:] = before
    fresh = visited[before[visited] == 0]
    order = np.arange(len(fresh))
    first = np.zeros(len(flat), np.int64)
    first[fresh[::-1]] = order[::-1]  # of repeated places the last assignment, that is the first visit, stays
    new_pixels = np.cumsum(first[fresh] == order)
    missing = target - np.count_nonzero(before)
    flat[fresh[: np.searchsorted(new_pixels, missing) + 1]] = 255
