"""Telea's fast marching inpainting, as OpenCV has it.

A. Telea, "An Image Inpainting Technique Based on the Fast Marching Method", Journal of Graphics Tools 9(1), 2004.
The hole is filled from its rim inwards, in the order of the distance to the rim; a pixel becomes a weighted mean of the
first-order extrapolations of the known pixels within a radius.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from lacuna.errors import LacunaError
from lacuna.systems._classical import Classical
from lacuna.systems._facts import Facts


@dataclass(frozen=True)
class Recipe:
    """radius: of the neighbourhood that a pixel is computed from, in pixels (OpenCV's examples use 3)."""

    radius: float = 3.0

    def __post_init__(self):
        if not 0 < self.radius <= 100:
            raise LacunaError(f"setting 'radius' of system 'telea' must be in (0, 100], not {self.radius}")


class Telea(Classical):
    """OpenCV's `INPAINT_TELEA`."""

    facts = Facts(
        name="telea",
        title="Telea",
        paper="An Image Inpainting Technique Based on the Fast Marching Method (Telea)",
        year=2004,
        url="https://docs.opencv.org/4.x/df/d3d/tutorial_py_inpainting.html",
        licence="Apache-2.0 (OpenCV)",
        kind="classical",
        authors_range=(0.0, 255.0),
    )
    Recipe = Recipe

    def fill(self, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return cv2.inpaint(image, mask.astype(np.uint8), self.recipe.radius, cv2.INPAINT_TELEA)


SYSTEM = Telea
