"""OpenCV's inpainting: two algorithms that march from the rim of a hole inwards and differ in a flag."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from lacuna.errors import LacunaError
from lacuna.systems._classical import Classical


@dataclass(frozen=True)
class Recipe:
    """radius: of the neighbourhood that a pixel is computed from, in pixels (OpenCV's examples use 3)."""

    radius: float = 3.0

    def __post_init__(self):
        if not 0 < self.radius <= 100:
            raise LacunaError(f"setting 'radius' of OpenCV's inpainting must be in (0, 100], not {self.radius}")


class OpenCVInpainting(Classical):
    """A subclass has `facts` and `method`, one of OpenCV's `INPAINT_…` flags."""

    Recipe = Recipe
    method: ClassVar[int]
    url: ClassVar[str] = "https://docs.opencv.org/4.x/df/d3d/tutorial_py_inpainting.html"
    licence: ClassVar[str] = "Apache-2.0 (OpenCV)"

    def fill(self, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return cv2.inpaint(image, mask.astype(np.uint8), self.recipe.radius, self.method)
