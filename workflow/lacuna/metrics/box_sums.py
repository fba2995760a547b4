"""Sums over square windows, exact for integers."""

import cv2
import numpy as np


def box_sums(values: np.ndarray, radius: int) -> np.ndarray:
    """Sums of the (2·radius + 1)² windows around every pixel of float32 H×W or H×W×C.

    Exact where values are whole and no sum reaches 2²⁴. Beyond its edges the image is mirrored, the edge included.
    """
    side = 2 * radius + 1
    return cv2.boxFilter(values, cv2.CV_32F, (side, side), normalize=False, borderType=cv2.BORDER_REFLECT)
