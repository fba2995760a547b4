"""FID."""

import math

from lacuna.metrics.facts import set_metric
from lacuna.metrics.per_set._features import SPACE


@set_metric(
    title="FID",
    unit="",
    direction="lower",
    range=(0.0, math.inf),
    space=SPACE,
    decimals=2,
    note="Fréchet distance of Gaussians fitted to the features. Biased upwards for few images and by an amount that "
    "differs between systems: below 2048 images, where the covariances have no full rank, it is flagged, and values "
    "of different N are not to be compared.",
    needs=2,
    trusted_from=2048,
)
def fid(features, reference, photographs=None):
    """Fréchet inception distance (Heusel et al.: GANs trained by a two time-scale update rule, NeurIPS 2017)."""
    from lacuna.metrics.distances import frechet_distance

    return frechet_distance(features, reference), None
