"""Where to look: the parts of a large picture that are computed, and how much each counts where they overlap.

A hole that fits into one window, with known pixels around it, gets a window of its own, which other small holes beside
it share. A larger hole gets a grid of windows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Window:
    """A rectangle of the picture, in pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Indices of the window in an array H×W."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def from_inside(self, other: "Window") -> tuple[slice, slice]:
        """Indices of the other window, which lies inside, in an array of this one's size."""
        top, left = other.top - self.top, other.left - self.left
        return slice(top, top + other.height), slice(left, left + other.width)


@dataclass
class Part:
    """Holes that are filled from the same windows. holes: their numbers in the array of `parts`."""

    holes: list[int]
    windows: list[Window]

    @property
    def hull(self) -> Window:
        """The smallest window that holds all of them."""
        top, left = min(each.top for each in self.windows), min(each.left for each in self.windows)
        bottom = max(each.top + each.height for each in self.windows)
        right = max(each.left + each.width for each in self.windows)
        return Window(top, left, bottom - top, right - left)


def parts(hole: np.ndarray, tile: tuple[int, int] | None, overlap: int) -> tuple[np.ndarray, list[Part]]:
    """The number of each pixel's hole (int32 H×W, 0 = known), and which windows fill which holes; each hole once.

    hole: bool H×W. tile: height and width of a window; None, or a picture that is not larger: the whole picture.
    overlap: pixels that neighbouring windows share, and that a hole keeps from its window's edge where the picture
    goes on.
    """
    height, width = hole.shape
    count, numbers, boxes, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8), connectivity=8)
    if tile is None or (height <= tile[0] and width <= tile[1]):
        return numbers, [Part(list(range(1, count)), [Window(0, 0, height, width)])]
    tile = min(tile[0], height), min(tile[1], width)
    # each hole with what is known around it: top, left, bottom, right; row 0 is what is known
    starts, sides = boxes[:, [cv2.CC_STAT_TOP, cv2.CC_STAT_LEFT]], boxes[:, [cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH]]
    first, last = np.maximum(starts - overlap, 0), np.minimum(starts + sides + overlap, hole.shape)
    waiting = np.ones(count, bool)
    waiting[0] = False
    found: list[Part] = []
    for number in np.argsort(-boxes[:, cv2.CC_STAT_AREA], kind="stable"):
        if not waiting[number]:
            continue
        (top, left), (bottom, right) = first[number].tolist(), last[number].tolist()
        seen = Window(top, left, bottom - top, right - left)
        if seen.height <= tile[0] and seen.width <= tile[1]:
            window = _centred(seen, tile, hole.shape)
            ends = window.top + window.height, window.left + window.width
            inside = waiting & (first >= (window.top, window.left)).all(1) & (last <= ends).all(1)
            found.append(Part(np.flatnonzero(inside).tolist(), [window]))
            waiting &= ~inside
        else:
            grid = _grid(seen, tile, overlap, hole.shape)
            found.append(Part([int(number)], [each for each in grid if (numbers[each.slices] == number).any()]))
    return numbers, found


def weight(window: Window, overlap: int, shape: tuple[int, int]) -> np.ndarray:
    """How much a window counts, float32 height×width in [0, 1]: 1 inside, falling to 0 towards its edges.

    Over the middle half of the overlap the weight falls evenly; the outermost quarter, where the network sees the
    padding beyond, counts nothing. At the picture's own edges nothing falls.
    """
    sides = []
    for start, length, end in zip((window.top, window.left), (window.height, window.width), shape, strict=True):
        place = np.arange(length, dtype=np.float32) + 0.5
        before = place if start > 0 else np.full_like(place, np.inf)
        behind = length - place if start + length < end else np.full_like(place, np.inf)
        sides.append(np.clip((np.minimum(before, behind) - overlap / 4) / (overlap / 2), 0, 1))
    return np.outer(*sides)


def grown(window: Window, margin: tuple[int, int], shape: tuple[int, int]) -> Window:
    """The window with so many more rows above and below, and columns left and right, as far as the picture goes."""
    top, left = max(0, window.top - margin[0]), max(0, window.left - margin[1])
    bottom = min(shape[0], window.top + window.height + margin[0])
    right = min(shape[1], window.left + window.width + margin[1])
    return Window(top, left, bottom - top, right - left)


def _centred(seen: Window, size: tuple[int, int], shape: tuple[int, int]) -> Window:
    """A window of `size` around `seen`, moved so that it lies in the picture."""
    top = min(max(0, seen.top - (size[0] - seen.height) // 2), shape[0] - size[0])
    left = min(max(0, seen.left - (size[1] - seen.width) // 2), shape[1] - size[1])
    return Window(top, left, *size)


def _grid(seen: Window, tile: tuple[int, int], overlap: int, shape: tuple[int, int]) -> Iterator[Window]:
    """Windows of one size, evenly spread, that cover `seen` and share at least `overlap` pixels with each neighbour."""
    room = _centred(seen, (max(seen.height, tile[0]), max(seen.width, tile[1])), shape)
    for top in _starts(room.top, room.height, tile[0], overlap):
        for left in _starts(room.left, room.width, tile[1], overlap):
            yield Window(top, left, *tile)


def _starts(start: int, length: int, tile: int, overlap: int) -> list[int]:
    if length == tile:
        return [start]
    steps = -(-(length - tile) // (tile - overlap))
    return [start + (length - tile) * step // steps for step in range(steps + 1)]
