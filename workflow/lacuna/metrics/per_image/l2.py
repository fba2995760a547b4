"""L2."""

from lacuna.metrics.facts import metric
from lacuna.metrics.per_image._differences import squares


@metric(
    title="L2",
    unit="",
    direction="lower",
    range=(0.0, 1.0),
    space="RGB, 8 bit",
    decimals=5,
    note="Mean squared difference on the [0, 1] scale, the mean over pixels and the three channels.",
    reach=0,
)
def l2(predictions, truths):
    """Mean squared error: what PSNR is the logarithm of, and the one of the two whose mean is a mean of errors."""
    maps = squares(predictions, truths)
    return maps.mean(axis=(-2, -1)), maps
