"""PSNR."""

import math

from lacuna.metrics.facts import metric
from lacuna.metrics.per_image._differences import squares

PSNR_CAP = 100.0


def decibels(mean_squared_error: float) -> float:
    """PSNR in dB of a mean squared error on the [0, 1] scale, at most `PSNR_CAP`."""
    return min(PSNR_CAP, 10 * math.log10(1 / max(float(mean_squared_error), 10 ** (-PSNR_CAP / 10))))


@metric(
    title="PSNR",
    unit="dB",
    direction="higher",
    range=(0.0, PSNR_CAP),
    space="RGB, 8 bit",
    decimals=2,
    note="10·log10(1/MSE), the mean over pixels and the three channels; identical images read 100 dB, not infinity.",
    from_mean=decibels,
    reach=0,
)
def psnr(predictions, truths):
    """Peak signal-to-noise ratio; the maps are squared errors, so a region's PSNR comes from the region's MSE."""
    import numpy as np

    maps = squares(predictions, truths)
    return np.vectorize(decibels, otypes=[float])(maps.mean(axis=(-2, -1))), maps
