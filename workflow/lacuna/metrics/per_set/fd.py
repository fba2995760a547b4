"""Fréchet distance, behind an embedding of the user's."""

import math

from lacuna.metrics.facts import embedded_set_metric


@embedded_set_metric(
    title="Fréchet distance",
    unit="",
    direction="lower",
    range=(0.0, math.inf),
    decimals=2,
    note="As FID, with another network: of Gaussians fitted to the embeddings. Biased upwards for few images, by an "
    "amount that differs between systems and grows with the embedding's length; below 2048 images it is flagged. "
    "FD-DINOv2 (Stein et al.: Exposing flaws of generative model evaluation metrics, NeurIPS 2023) is with DINOv2 "
    "ViT-L/14.",
    needs=2,
    trusted_from=2048,
)
def fd(features, reference, photographs=None):
    """Fréchet distance (Dowson and Landau, 1982; Heusel et al., NeurIPS 2017)."""
    from lacuna.metrics.distances import frechet_distance

    return frechet_distance(features, reference), None
