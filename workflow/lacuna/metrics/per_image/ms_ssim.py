"""MS-SSIM."""

from lacuna.metrics.facts import metric


@metric(
    title="MS-SSIM",
    unit="",
    direction="higher",
    range=(0.0, 1.0),
    space="RGB, mean of the three channels",
    decimals=4,
    note="Five scales with an 11×11 Gaussian window of deviation 1.5, K1 = 0.01, K2 = 0.03, as torchmetrics; sides of "
    "at least 176 pixels, so that the coarsest scale holds a window. It has no value for regions.",
    minimal_size=176,
)
def ms_ssim(predictions, truths):
    """Multi-scale structural similarity (Wang, Simoncelli, Bovik: Multiscale structural similarity, Asilomar 2003)."""
    import numpy as np

    from lacuna.metrics.structural import multi_scale_similarity

    values = [[multi_scale_similarity(*pair) for pair in zip(each, truths, strict=True)] for each in predictions]
    return np.array(values), None
