"""Biharmonic inpainting, as scikit-image has it.

S. B. Damelin, N. S. Hoang, "On Surface Completion and Image Inpainting by Biharmonic Functions: Numerical Aspects",
International Journal of Mathematics and Mathematical Sciences, 2018. The hole becomes the smoothest surface, in the
sense of a vanishing bi-Laplacian, that joins the valid pixels in value and slope: one sparse linear system.
"""

from dataclasses import dataclass

import numpy as np
from skimage.restoration import inpaint_biharmonic

from lacuna.systems._classical import Classical
from lacuna.systems._facts import Facts


@dataclass(frozen=True)
class Recipe:
    """split_into_regions: solve for each connected hole alone, which takes less memory and, in general, longer."""

    split_into_regions: bool = False


class Biharmonic(Classical):
    """scikit-image's `inpaint_biharmonic`."""

    facts = Facts(
        name="biharmonic",
        title="Biharmonic",
        paper="On Surface Completion and Image Inpainting by Biharmonic Functions: Numerical Aspects (Damelin, Hoang)",
        year=2018,
        url="https://doi.org/10.1155/2018/3950312",
        licence="BSD-3-Clause (scikit-image)",
        kind="classical",
    )
    Recipe = Recipe

    def fill(self, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        filled = inpaint_biharmonic(
            image, mask, split_into_regions=self.recipe.split_into_regions, channel_axis=-1
        )  # floats in [0, 1]
        return np.where(mask[..., None], (filled * 255).round().clip(0, 255), image).astype(np.uint8)


SYSTEM = Biharmonic
