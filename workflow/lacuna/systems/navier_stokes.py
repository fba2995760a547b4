"""Navier-Stokes inpainting, as OpenCV has it.

M. Bertalmio, A. L. Bertozzi, G. Sapiro, "Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting", CVPR 2001.
Lines of equal intensity are continued into the hole as the stream lines of a fluid. OpenCV fills in the order of the
distance to the rim, weighting known neighbours by how well they follow the isophote.
"""

import cv2

from lacuna.systems._facts import Facts
from lacuna.systems._opencv import OpenCVInpainting


class NavierStokes(OpenCVInpainting):
    """OpenCV's `INPAINT_NS`."""

    facts = Facts(
        name="navier_stokes",
        title="Navier-Stokes",
        paper="Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting (Bertalmio, Bertozzi, Sapiro)",
        year=2001,
        url=OpenCVInpainting.url,
        licence=OpenCVInpainting.licence,
        kind="classical",
        authors_range=(0.0, 255.0),
    )
    method = cv2.INPAINT_NS


SYSTEM = NavierStokes
