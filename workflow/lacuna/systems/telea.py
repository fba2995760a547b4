"""Telea's fast marching inpainting, as OpenCV has it.

A. Telea, "An Image Inpainting Technique Based on the Fast Marching Method", Journal of Graphics Tools 9(1), 2004.
The hole is filled from its rim inwards, in the order of the distance to the rim; a pixel becomes a weighted mean of the
first-order extrapolations of the known pixels within a radius.
"""

import cv2

from lacuna.systems._facts import Facts
from lacuna.systems._opencv import OpenCVInpainting


class Telea(OpenCVInpainting):
    """OpenCV's `INPAINT_TELEA`."""

    facts = Facts(
        name="telea",
        title="Telea",
        paper="An Image Inpainting Technique Based on the Fast Marching Method (Telea)",
        year=2004,
        url=OpenCVInpainting.url,
        licence=OpenCVInpainting.licence,
        kind="classical",
        authors_range=(0.0, 255.0),
    )
    method = cv2.INPAINT_TELEA


SYSTEM = Telea
