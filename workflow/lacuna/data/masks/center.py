"""A square in the centre, as in the first papers on learned inpainting (Pathak et al., 2016)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.data.masks._fixed import Keys as Keys
from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Options:
    """How large the square is. All masks of a set are equal."""

    side: float = key("side of the square, as a share of the short side", 0.5, above=0, maximum=1)

    def __post_init__(self):
        verify(self, "center")


def hole_pixels(size: tuple[int, int], options: Options) -> tuple[int, int]:
    """The fewest and the most hole pixels of a mask of `size`, (width, height): the same number."""
    side = _side(size, options)
    return side**2, side**2


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """The square (uint8 H×W, 255 = hole); `size` is (width, height). None where its pixels are not in the range."""
    import numpy as np

    from lacuna.data.masks._fixed import within

    side = _side(size, options)
    mask = np.zeros(size[::-1], np.uint8)
    left, top = ((each - side) // 2 for each in size)
    mask[top : top + side, left : left + side] = 255
    return within(mask, fewest, most)


def _side(size: tuple[int, int], options: Options) -> int:
    return max(1, round(options.side * min(size)))
