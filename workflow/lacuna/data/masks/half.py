"""One half of the picture, to the left, to the right, above or below."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.data.masks._fixed import Keys as Keys
from lacuna.data.masks.border import SIDES
from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Options:
    """Which half is hole; of an odd number of rows or columns the middle one is known."""

    side: str = key("`any`: one of the four, by chance", "any", choices=("any", *SIDES))

    def __post_init__(self):
        verify(self, "half")


def hole_pixels(size: tuple[int, int], options: Options) -> tuple[int, int]:
    """The fewest and the most hole pixels of a mask of `size`, (width, height)."""
    width, height = size
    beside, above = width // 2 * height, height // 2 * width
    if options.side == "any":
        return min(beside, above), max(beside, above)
    return (beside, beside) if options.side in ("left", "right") else (above, above)


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """A half (uint8 H×W, 255 = hole); `size` is (width, height). None where its pixels are not in the range."""
    import numpy as np

    from lacuna.data.masks._fixed import within

    side = str(rng.choice(SIDES)) if options.side == "any" else options.side
    mask = np.zeros(size[::-1], np.uint8)
    lines = mask.T if side in ("left", "right") else mask
    middle = len(lines) // 2
    lines[slice(0, middle) if side in ("left", "top") else slice(len(lines) - middle, None)] = 255
    return within(mask, fewest, most)
