"""The masks of LaMa: thin, medium and thick ones of its evaluation, and those of its training.

Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions" (2022), with the numbers of their
published settings for images of 256×256 pixels: strokes, or boxes instead of them. Coverage follows from the numbers,
so a bin is filled by drawing until a mask falls into it: within a bin, masks have their distribution. Theirs end at a
coverage of 0.5.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np

_TRIES = 3000
_SIDE = 256  # of the images that the numbers are for
_SHORTEST, _NARROWEST = 10, 5  # added to every length and width


class _Boxes(NamedTuple):
    """Boxes: how probable in comparison with strokes, how many at most, their sides, and how far from the border."""

    weight: float
    most: int
    sides: tuple[int, int]
    margin: int


class _Numbers(NamedTuple):
    """Strokes: how many, and up to which width and length; and the boxes."""

    strokes: tuple[int, int]
    width: int
    length: int
    boxes: _Boxes | None


_PRESETS = {
    "thin": _Numbers((4, 50), 10, 40, None),
    "medium": _Numbers((4, 5), 50, 100, _Boxes(0.3, 5, (10, 50), 0)),
    "thick": _Numbers((1, 5), 100, 200, _Boxes(0.3, 3, (30, 150), 10)),
    "training": _Numbers((1, 6), 100, 200, _Boxes(1.0, 4, (30, 150), 10)),
}


@dataclass(frozen=True)
class Options:
    """Which of the masks."""

    preset: str = key(
        "which of LaMa's settings; lengths grow with the short side over 256. Coverages that they hardly ever have are "
        "an error, such as above 0.5 with `thin`",
        "thick",
        choices=tuple(_PRESETS),
    )

    def __post_init__(self):
        verify(self, "lama")


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) of LaMa with `fewest` to `most` hole pixels; `size` is (width, height).

    None where none of many drawn masks had so many.
    """
    import cv2
    import numpy as np

    numbers, scale = _PRESETS[options.preset], min(size) / _SIDE
    mask = np.zeros(size[::-1], np.uint8)
    weight = numbers.boxes.weight if numbers.boxes else 0.0
    for _ in range(_TRIES):
        mask[:] = 0
        if numbers.boxes and rng.random() < weight / (1 + weight):
            _draw_boxes(rng, mask, scale, numbers.boxes)
        else:
            _draw_strokes(rng, mask, scale, numbers)
        if fewest <= cv2.countNonZero(mask) <= most:
            return mask
    return None


def _draw_strokes(rng: "np.random.Generator", mask: "np.ndarray", scale: float, numbers: _Numbers) -> None:
    """Strokes of 1 to 5 segments; the even ones are mirrored, and no end leaves the image."""
    import cv2

    height, width = mask.shape
    for i in range(int(rng.integers(numbers.strokes[0], numbers.strokes[1] + 1))):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        for _ in range(1 + int(rng.integers(5))):
            angle = 0.01 + int(rng.integers(4))
            angle = 2 * math.pi - angle if i % 2 == 0 else angle
            length = scale * (_SHORTEST + int(rng.integers(numbers.length)))
            brush = max(1, round(scale * (_NARROWEST + int(rng.integers(numbers.width)))))
            to_x = min(max(int(x + length * math.sin(angle)), 0), width)
            to_y = min(max(int(y + length * math.cos(angle)), 0), height)
            cv2.line(mask, (x, y), (to_x, to_y), 255, brush)
            x, y = to_x, to_y


def _draw_boxes(rng: "np.random.Generator", mask: "np.ndarray", scale: float, boxes: _Boxes) -> None:
    """1 to `most` boxes inside the margin; one that is larger than the image has the image's side."""
    margin = round(scale * boxes.margin)
    for _ in range(int(rng.integers(1, boxes.most + 1))):
        spans = []
        for side in mask.shape:
            room = max(1, side - 2 * margin)
            length = min(room, max(1, round(scale * int(rng.integers(boxes.sides[0], boxes.sides[1] + 1)))))
            start = margin + int(rng.integers(room - length + 1))
            spans.append(slice(start, start + length))
        mask[tuple(spans)] = 255
