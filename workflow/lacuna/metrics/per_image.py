"""The metrics of one image against its ground truth. To add one, add one function.

Every function takes `predictions` and `truths`, uint8 arrays `N×H×W×3` (RGB, as stored on disk), and returns
`(values, maps)` as `facts.Metric` describes. Heavy libraries are imported inside the functions, so that asking
for names and facts stays quick.
"""

import difflib
import math
from functools import cache

from lacuna.errors import LacunaError
from lacuna.metrics.facts import METRICS, Metric, metric

PSNR_CAP = 100.0


def named(name: str) -> Metric:
    """The metric called `name`; an unknown name is a `LacunaError` that lists the known ones."""
    if name not in METRICS:
        near = difflib.get_close_matches(name, METRICS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(METRICS)}."
        raise LacunaError(f"there is no metric '{name}': {hint}")
    return METRICS[name]


def decibels(mean_squared_error: float) -> float:
    """PSNR in dB of a mean squared error on the [0, 1] scale, at most `PSNR_CAP`."""
    return min(PSNR_CAP, 10 * math.log10(1 / max(float(mean_squared_error), 10 ** (-PSNR_CAP / 10))))


def _differences(predictions, truths):
    """Signed differences on the [0, 1] scale, float64 N×H×W×3; exact before the division."""
    return (predictions.astype("int16") - truths.astype("int16")) / 255.0


@metric(
    title="PSNR",
    unit="dB",
    direction="higher",
    range=(0.0, PSNR_CAP),
    space="RGB, 8 bit",
    decimals=2,
    note="10·log10(1/MSE), the mean over pixels and the three channels; identical images read 100 dB, not infinity.",
    from_mean=decibels,
)
def psnr(predictions, truths):
    """Peak signal-to-noise ratio; the maps are squared errors, so a region's PSNR comes from the region's MSE."""
    maps = (_differences(predictions, truths) ** 2).mean(axis=3)
    return [decibels(each.mean()) for each in maps], maps


@metric(
    title="SSIM",
    unit="",
    direction="higher",
    range=(-1.0, 1.0),
    space="RGB, mean of the three channels",
    decimals=4,
    note="scikit-image's structural_similarity with its defaults: a uniform 7×7 window, K1 = 0.01, K2 = 0.03, sample "
    "covariance. Whole image: the mean without a border of 3 pixels. Regions: the mean of the full map.",
)
def ssim(predictions, truths):
    """Structural similarity (Wang, Bovik, Sheikh, Simoncelli: Image quality assessment, IEEE TIP 2004)."""
    import numpy as np
    from skimage.metrics import structural_similarity

    if min(truths.shape[1:3]) < 7:
        raise LacunaError(
            f"SSIM needs images of at least 7×7 pixels, but these are {truths.shape[2]}×{truths.shape[1]}; "
            "raise image_size or drop 'ssim' from the metrics."
        )
    scored = [
        structural_similarity(truth / 255.0, prediction / 255.0, data_range=1.0, channel_axis=-1, full=True)
        for prediction, truth in zip(predictions, truths, strict=True)
    ]
    return [value for value, _ in scored], np.stack([full.mean(axis=2) for _, full in scored])


@metric(
    title="L1",
    unit="",
    direction="lower",
    range=(0.0, 1.0),
    space="RGB, 8 bit",
    decimals=4,
    note="Mean absolute difference on the [0, 1] scale, the mean over pixels and the three channels.",
)
def l1(predictions, truths):
    """Mean absolute error."""
    maps = abs(_differences(predictions, truths)).mean(axis=3)
    return maps.mean(axis=(1, 2)), maps


@cache
def _lpips(network: str, backbones: str):
    from lacuna.metrics.lpips import LPIPS

    return LPIPS(network, backbones)


def _perceptual_distance(network: str, predictions, truths, backbones):
    import numpy as np
    import torch

    from lacuna.metrics.lpips import MINIMUM_SIZE

    smallest = MINIMUM_SIZE[network]
    if min(truths.shape[1:3]) < smallest:
        raise LacunaError(
            f"LPIPS needs images of at least {smallest}×{smallest} pixels, but these are "
            f"{truths.shape[2]}×{truths.shape[1]}; raise image_size or drop 'lpips_{network}' from the metrics."
        )
    tensors = (
        torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float() / 255.0
        for images in (predictions, truths)
    )
    with torch.inference_mode():
        values, maps = _lpips(network, str(backbones))(*tensors)
    return values.double().numpy(), maps.double().numpy()


@metric(
    title="LPIPS (AlexNet)",
    unit="",
    direction="lower",
    range=(0.0, math.inf),
    space="RGB, AlexNet features",
    decimals=4,
    note="Version 0.1, AlexNet with the learned linear weights. Regions: the mean of the distance map, whose pixels "
    "also see what surrounds the region.",
    network="alex",
)
def lpips_alex(predictions, truths, *, backbones):
    """Learned perceptual distance (Zhang et al.: The Unreasonable Effectiveness of Deep Features, CVPR 2018)."""
    return _perceptual_distance("alex", predictions, truths, backbones)


@metric(
    title="LPIPS (VGG16)",
    unit="",
    direction="lower",
    range=(0.0, math.inf),
    space="RGB, VGG16 features",
    decimals=4,
    note="Version 0.1, VGG16 with the learned linear weights. Regions: the mean of the distance map, whose pixels "
    "also see what surrounds the region.",
    network="vgg",
)
def lpips_vgg(predictions, truths, *, backbones):
    """Learned perceptual distance (Zhang et al.: The Unreasonable Effectiveness of Deep Features, CVPR 2018)."""
    return _perceptual_distance("vgg", predictions, truths, backbones)
