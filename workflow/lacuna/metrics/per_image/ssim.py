"""SSIM."""

from lacuna.metrics.facts import metric
from lacuna.metrics.per_image._differences import mean_of_channels


@metric(
    title="SSIM",
    unit="",
    direction="higher",
    range=(-1.0, 1.0),
    space="RGB, mean of the three channels",
    decimals=4,
    note="scikit-image's structural_similarity with its defaults: a uniform 7×7 window, K1 = 0.01, K2 = 0.03, sample "
    "covariance. Whole image: the mean without a border of 3 pixels. Regions: the mean of the full map.",
    minimal_size=7,
    reach=3,
    border=3,
)
def ssim(predictions, truths):
    """Structural similarity (Wang, Bovik, Sheikh, Simoncelli: Image quality assessment, IEEE TIP 2004)."""
    import numpy as np

    from lacuna.metrics.structural import BORDER, similarity_maps

    values, maps = np.empty(predictions.shape[:2]), np.empty(predictions.shape[:-1])
    for n, truth in enumerate(truths):  # image by image: the arrays stay in the processor's cache
        for k, each in enumerate(similarity_maps(predictions[:, n], truth)):
            values[k, n] = each[BORDER:-BORDER, BORDER:-BORDER].mean(dtype=float)
            maps[k, n] = mean_of_channels(each)
    return values, maps
