"""Pictures, holes and predictors that the tests of this room make for themselves."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def noise(height=37, width=53, channels=3, dtype=np.uint8, seed=0) -> np.ndarray:
    """Every value different from its neighbours; H×W for one channel."""
    top = {np.uint8: 256, np.uint16: 65536}[dtype]
    values = np.random.default_rng(seed).integers(0, top, (height, width, channels), dtype=dtype)
    return values[..., 0] if channels == 1 else values


def box(height=37, width=53, top=5, left=9, down=11, across=17) -> np.ndarray:
    """bool H×W: one hole, in none of the axes' middles."""
    hole = np.zeros((height, width), bool)
    hole[top : top + down, left : left + across] = True
    return hole


def strokes(height: int, width: int, thickness: int) -> np.ndarray:
    """bool H×W: one connected hole that runs through the whole picture, thin, touching its left edge."""
    hole = np.zeros((height, width), np.uint8)
    cv2.line(hole, (0, height // 3), (width - 7, height - 9), 1, thickness)
    cv2.line(hole, (width // 4, 3), (width // 2, height - 5), 1, thickness)
    cv2.line(hole, (width // 5, height // 2), (width - 20, height // 4), 1, thickness)
    return hole == 1


def save(path: Path, values: np.ndarray, **options) -> Path:
    """Booleans are written as 0 and 255."""
    Image.fromarray(values.astype(np.uint8) * 255 if values.dtype == bool else values).save(path, **options)
    return path


def local(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A predictor that looks 3 pixels far: the mean of the known pixels in 7×7, or the hole's own share there."""
    known = (~hole).astype(np.float64)
    total = cv2.blur(image * known[..., None], (7, 7), borderType=cv2.BORDER_CONSTANT)
    share = cv2.blur(known, (7, 7), borderType=cv2.BORDER_CONSTANT)
    filled = np.divide(total, share[..., None], out=np.full(image.shape, 77.0), where=share[..., None] > 1e-9)
    return np.rint(filled).clip(0, 255).astype(np.uint8)


def inverted(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A predictor whose every pixel differs from the picture's."""
    return image ^ np.uint8(255)
