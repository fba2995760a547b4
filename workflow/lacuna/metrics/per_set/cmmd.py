"""CMMD's distance, behind an embedding of the user's."""

import math

from lacuna.metrics.facts import embedded_set_metric


@embedded_set_metric(
    title="CMMD's distance",
    unit="",
    direction="lower",
    range=(0.0, math.inf),
    decimals=3,
    note="Squared maximum mean discrepancy with a Gaussian kernel of deviation 10 between embeddings of unit length, "
    "times 1000, every picture also compared with itself, as published: never below 0, and above 0 by about "
    "1000/N times the kernel's spread where both sets are of one distribution. CMMD itself is with the embeddings of "
    "CLIP ViT-L/14 at 336 pixels, their pictures resized by the authors' code.",
    needs=2,
    trusted_from=0,
)
def cmmd(features, reference, photographs=None):
    """CMMD's formula (Jayasumana et al.: Rethinking FID, CVPR 2024)."""
    from lacuna.metrics.distances import gaussian_discrepancy

    return gaussian_discrepancy(features, reference), None
