"""Free-form brush strokes.

Algorithm 1 of the thesis in which the original comparison was made, after Yu et al., "Free-Form Image Inpainting with
Gated Convolution" (2019). Strokes are added to one mask until it covers what is asked: the algorithm itself controls
coverage only through its hyper-parameters.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np

_MOST_STROKES = 5000


@dataclass(frozen=True)
class Options:
    """The algorithm's hyper-parameters; lengths are shares of the short side, so that they fit every image size."""

    max_vertex: int = key("each stroke has 1 to max_vertex + 1 segments", 10, minimum=0, maximum=1000)
    max_length: float = key("longest segment", 0.5, above=0, maximum=100)
    max_brush_width: float = key("widest brush; 0.2 is 51 pixels of 256", 0.2, above=0, maximum=100)
    max_angle: float = key(
        "largest angle in radians; consecutive segments turn to alternating sides",
        2 * math.pi,
        above=0,
        maximum=1000,
        shown="2π",
    )

    def __post_init__(self):
        verify(self, "strokes")


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) of brush strokes with `fewest` to `most` hole pixels; `size` is (width, height).

    How much is covered is uniform in that range, up to the last segment's size. None where no such mask was found.
    """
    import cv2
    import numpy as np

    target = int(rng.integers(fewest, most + 1))
    mask = np.zeros(size[::-1], np.uint8)
    scale = float(min(size))
    at_most = 0  # bound of what is covered; counting and copying cost more than drawing, so they wait until they matter
    for _ in range(_MOST_STROKES):
        for start, end, width, bound in _stroke(rng, size, scale, options):
            if at_most + bound > most:
                at_most = cv2.countNonZero(mask)
                before = mask.copy() if at_most + bound > most else mask
            cv2.line(mask, start, end, 255, width)
            at_most += bound
            if at_most < target:
                continue
            at_most = covered = cv2.countNonZero(mask)
            if covered > most:
                # too much at once: take it back and go on with a finer brush
                mask, scale = before, 0.7 * scale
                at_most = cv2.countNonZero(mask)
                break
            if covered >= target:
                return mask
    return None


def _stroke(rng: "np.random.Generator", size: tuple[int, int], scale: float, options: Options) -> list[tuple]:
    """The segments of one stroke, lines 2-16 of the algorithm: start, end, width, and a bound of the pixels covered.

    OpenCV ends thick lines round, which is the circle of line 15.
    """
    number, x, y, width, *uniform = rng.random(4 + 2 * (options.max_vertex + 1)).tolist()
    x, y = x * size[0], y * size[1]
    width = max(1, round(width * options.max_brush_width * scale))
    max_angle, max_length = options.max_angle, options.max_length * scale
    start = int(x), int(y)
    segments = []
    for i in range(int(number * options.max_vertex) + 1):
        angle = max_angle * uniform[2 * i]
        if i % 2 == 0:
            angle = 2 * math.pi - angle
        length = max_length * uniform[2 * i + 1]
        x, y = x + length * math.sin(angle), y + length * math.cos(angle)
        end = int(x), int(y)
        segments.append((start, end, width, int((length + width + 4) * (width + 4))))
        start = end
    return segments
