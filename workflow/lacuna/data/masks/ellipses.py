"""Ellipses, turned anyhow, and circles (`aspect: 1`)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.data.masks._pieces import put_together, shared_by
from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Options:
    """How the ellipses look."""

    number: int = shared_by("ellipses")
    aspect: float = key(
        "the long axis over the short one is between 1 and aspect, log-uniform; 1 makes circles",
        2.0,
        minimum=1,
        maximum=100,
    )

    def __post_init__(self):
        verify(self, "ellipses")


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) of ellipses with `fewest` to `most` hole pixels; `size` is (width, height).

    Every ellipse is whole: one that has no room in the image is made smaller. None where no such mask was found.
    """
    return put_together(rng, size, fewest, most, options.number, lambda area: _ellipse(rng, size, area, options.aspect))


def _ellipse(rng: "np.random.Generator", size: tuple[int, int], area: float, aspect: float) -> "np.ndarray":
    import numpy as np

    ratio, angle = aspect ** rng.random(), math.pi * rng.random()
    long, short = math.sqrt(area * ratio / math.pi), math.sqrt(area / ratio / math.pi)
    reach = [
        math.hypot(long * math.cos(angle), short * math.sin(angle)),
        math.hypot(long * math.sin(angle), short * math.cos(angle)),
    ]
    fitting = min(1.0, *(side / 2 / each for side, each in zip(size, reach, strict=True)))
    width, height = (max(1, min(side, round(2 * fitting * each))) for side, each in zip(size, reach, strict=True))
    x, y = np.arange(width) - (width - 1) / 2, np.arange(height)[:, None] - (height - 1) / 2
    along = (x * math.cos(angle) + y * math.sin(angle)) / (fitting * long)
    across = (y * math.cos(angle) - x * math.sin(angle)) / (fitting * short)
    part = np.where(along**2 + across**2 <= 1, 255, 0).astype(np.uint8)
    part[height // 2, width // 2] = 255  # of one that is smaller than a pixel
    return part
