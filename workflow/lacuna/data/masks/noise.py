"""Salt noise: pixels anywhere, each by itself, as dead pixels and random sampling leave them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Options:
    """How coarse the noise is."""

    grain: int = key(
        "side of a grain in pixels; grains lie side by side, as the squares of a board", 1, minimum=1, maximum=1000
    )

    def __post_init__(self):
        verify(self, "noise")


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) of grains with `fewest` to `most` hole pixels; `size` is (width, height).

    How much is covered is uniform in that range, up to one grain. None where no whole number of grains fits into it.
    """
    import numpy as np

    target = int(rng.integers(fewest, most + 1))
    row, column = (np.arange(side) // options.grain for side in size[::-1])
    grains = row[:, None] * (column[-1] + 1) + column
    order = rng.permutation(int(grains[-1, -1]) + 1)
    covered = np.cumsum(np.bincount(grains.ravel())[order])
    number = int(np.searchsorted(covered, target)) + 1
    if covered[number - 1] > most:
        number -= 1
    if number == 0 or covered[number - 1] < fewest:
        return None
    chosen = np.zeros(len(order), np.uint8)
    chosen[order[:number]] = 255
    return chosen[grains]
