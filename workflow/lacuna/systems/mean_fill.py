"""Mean fill: the hole becomes the mean colour of the valid pixels.

The simplest answer there is, and the control for the others: of all flat fills it has the least squared error on the
valid part, and a system that does not beat it has learnt nothing about the hole.
"""

import numpy as np

from lacuna.systems._classical import Classical
from lacuna.systems._facts import Facts


class MeanFill(Classical):
    """One colour for the whole hole."""

    facts = Facts(
        name="mean_fill",
        title="Mean fill",
        paper="Digital Image Processing, 4th edition (Gonzalez, Woods): the arithmetic mean",
        year=2018,
        licence="none (three lines of arithmetic)",
        kind="classical",
        authors_range=(0.0, 255.0),
    )

    def fill(self, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        filled = image.copy()
        filled[mask] = image[~mask].mean(0).round().astype(np.uint8)
        return filled


SYSTEM = MeanFill
