"""KID."""

import math

from lacuna.metrics.facts import set_metric
from lacuna.metrics.per_set._features import SPACE, several


@set_metric(
    title="KID",
    unit="",
    direction="lower",
    range=(-math.inf, math.inf),
    space=SPACE,
    decimals=5,
    note="Squared maximum mean discrepancy with the kernel (x·y/2048 + 1)³, unbiased at every N and so now and then a "
    "little below 0; the average over all subsets instead of random ones, an image's own pair left out of the mixed "
    "term. Standard error: jackknife over images, too large by up to √2 near 0 and too "
    "small for crops of few photographs.",
    needs=3,
    trusted_from=0,
)
def kid(features, reference, photographs=None):
    """Kernel inception distance (Bińkowski et al.: Demystifying MMD GANs, ICLR 2018)."""
    from lacuna.metrics.distances import kernel_distance

    value, error = kernel_distance(features, reference, paired=True)
    return value, error if several(photographs) else math.nan
