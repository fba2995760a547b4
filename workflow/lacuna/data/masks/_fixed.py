"""What families have in common whose construction fixes how much of the image is hole.

Besides `draw` such a family has `hole_pixels(size, options)`: the fewest and the most hole pixels of its masks.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.keys import key

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The keys of all mask sets that mean something else here."""

    coverage: tuple[float, float] = key(
        "the family fixes the coverage; a range that does not hold it is an error",
        (0.0, 1.0),
        minimum=0,
        maximum=1,
        rising=True,
    )
    bins: int = key("one, because the family fixes the coverage", 1, minimum=1, maximum=1)


def within(mask: "np.ndarray", fewest: int, most: int) -> "np.ndarray | None":
    """The mask, or None where it does not have `fewest` to `most` hole pixels."""
    import cv2

    return mask if fewest <= cv2.countNonZero(mask) <= most else None
