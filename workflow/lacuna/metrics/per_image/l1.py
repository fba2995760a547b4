"""L1."""

from lacuna.metrics.facts import metric
from lacuna.metrics.per_image._differences import differences, mean_of_channels


@metric(
    title="L1",
    unit="",
    direction="lower",
    range=(0.0, 1.0),
    space="RGB, 8 bit",
    decimals=4,
    note="Mean absolute difference on the [0, 1] scale, the mean over pixels and the three channels.",
    reach=0,
)
def l1(predictions, truths):
    """Mean absolute error."""
    maps = mean_of_channels(differences(predictions, truths).astype("int16")) / 255.0
    return maps.mean(axis=(-2, -1)), maps
