"""A lattice: of every few pixels one is known, so that inpainting is super-resolution.

As Lugmayr et al., "RePaint" (2022), test with a factor of 2, and with alternating lines.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.data.masks._fixed import Keys as Keys
from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Options:
    """Which pixels are known, from the upper left one on. All masks of a set are equal."""

    factor: int = key("every so many pixels one is known", 2, minimum=2, maximum=4)
    along: str = key(
        "`both`: of rows and of columns (a factor of 2 hides three quarters); `rows`, `columns`: whole ones are known",
        "both",
        choices=("both", "rows", "columns"),
    )

    def __post_init__(self):
        verify(self, "lattice")


def hole_pixels(size: tuple[int, int], options: Options) -> tuple[int, int]:
    """The fewest and the most hole pixels of a mask of `size`, (width, height): the same number."""
    columns, rows = (-(-side // step) for side, step in zip(size, _steps(options), strict=True))
    hole = size[0] * size[1] - rows * columns
    return hole, hole


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """The lattice (uint8 H×W, 255 = hole); `size` is (width, height). None where its pixels are not in the range."""
    import numpy as np

    from lacuna.data.masks._fixed import within

    across, down = _steps(options)
    mask = np.full(size[::-1], 255, np.uint8)
    mask[::down, ::across] = 0
    return within(mask, fewest, most)


def _steps(options: Options) -> tuple[int, int]:
    """From one known pixel to the next, across and down."""
    across = 1 if options.along == "rows" else options.factor
    down = 1 if options.along == "columns" else options.factor
    return across, down
