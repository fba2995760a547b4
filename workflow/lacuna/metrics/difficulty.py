"""What may make a hole hard to fill: facts about an image and its hole, from the truth and the mask alone.

All are computed on luma (the mean of the three channels) or colours in [0, 1]; lengths are shares of the shorter side,
so that they mean the same at every size. What surrounds the hole is a ring of known pixels: none nearer to the hole
than 1.5 pixels, so that no window of 3×3 reaches into the hole, and none farther than a 16th of the shorter side (at
least 3 pixels) beyond.
"""

import numpy as np
from scipy import ndimage

from lacuna.metrics.factors import FACTORS

NEAREST = 1.5  # pixels from the hole at which the ring begins
LEVELS = 16  # of each channel, for the likeness


def difficulty(image: np.ndarray, hole: np.ndarray) -> dict[str, float]:
    """Every factor of `FACTORS`, of an image uint8 H×W×3 and its hole bool H×W.

    NaN for what an image cannot have: all but the coverage without a hole; contrast, texture and likeness where no
    known pixel lies in the ring. A hole that is the whole image has the image's diagonal as its circle.
    """
    found = dict.fromkeys(FACTORS, float("nan")) | {"coverage": float(hole.mean())}
    if not hole.any():
        return found
    height, width = hole.shape
    side = min(height, width)
    y, x = np.nonzero(hole)
    reach = np.hypot(height, width) if hole.all() else ndimage.distance_transform_edt(hole).max()
    border = np.minimum.reduce([y, x, height - 1 - y, width - 1 - x])
    found |= {"circle": float(reach / side), "border": float(border.mean() / side)}
    away = ndimage.distance_transform_edt(~hole)
    ring = (away > NEAREST) & (away <= NEAREST + max(3, side / 16))
    if ring.any():
        colours = image / 255
        luma = colours.mean(axis=2)
        detail = np.abs(luma - ndimage.uniform_filter(luma, 3, mode="nearest"))
        found |= {"contrast": float(luma[ring].std()), "texture": float(detail[ring].mean())}
        channels = np.moveaxis(colours, 2, 0)
        found["likeness"] = float(np.mean([_overlap(channel[hole], channel[ring]) for channel in channels]))
    return found


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    """What two sets of levels in [0, 1] have in common: the sum of the smaller of their shares of each of 16 levels."""
    shares = [np.histogram(each, LEVELS, (0, 1))[0] / len(each) for each in (first, second)]
    return float(np.minimum(*shares).sum())
