"""Navier-Stokes inpainting, as OpenCV has it.

M. Bertalmio, A. L. Bertozzi, G. Sapiro, "Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting", CVPR 2001.
Lines of equal intensity are continued into the hole as the stream lines of a fluid. OpenCV fills in the order of the
distance to the rim, weighting known neighbours by how well they follow the isophote.
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
            raise LacunaError(f"setting 'radius' of system 'navier_stokes' must be in (0, 100], not {self.radius}")


class NavierStokes(Classical):
    """OpenCV's `INPAINT_NS`."""

    facts = Facts(
        name="navier_stokes",
        title="Navier-Stokes",
        paper="Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting (Bertalmio, Bertozzi, Sapiro)",
        year=2001,
        url="https://docs.opencv.org/4.x/df/d3d/tutorial_py_inpainting.html",
        licence="Apache-2.0 (OpenCV)",
        kind="classical",
        authors_range=(0.0, 255.0),
    )
    Recipe = Recipe

    def fill(self, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return cv2.inpaint(image, mask.astype(np.uint8), self.recipe.radius, cv2.INPAINT_NS)


SYSTEM = NavierStokes
