"""The metrics of one image against its ground truth. To add one, add one function.

Every function takes `predictions` (K×N×H×W×3) and `truths` (N×H×W×3), uint8 RGB as stored on disk: K predictions of
the same N truths, so that what depends on the truth alone is computed once. It returns `(values, maps)` as
`facts.Metric` describes. Heavy libraries are imported inside the functions, so that asking for names and facts stays
quick.
"""

import difflib
import math
from functools import cache

from lacuna.errors import LacunaError
from lacuna.metrics.facts import METRICS, Metric, metric

PSNR_CAP = 100.0
TILED_FROM = 1 << 21
"""Pixels beyond which an image is scored part by part: more than 1448×1448."""
# Pixels that pass LPIPS' network at once; its first features take 80 (AlexNet) and 5000 bytes (VGG16) a pixel.
_LPIPS_PIXELS = {"alex": 1 << 19, "vgg": 1 << 16}


def named(name: str) -> Metric:
    """The metric called `name`, in capitals or not; an unknown name is a `LacunaError` that lists the known ones."""
    known = name.lower().replace("-", "_")
    if known not in METRICS:
        near = [each for each in METRICS if each.startswith(known)] or difflib.get_close_matches(known, METRICS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(METRICS)}."
        raise LacunaError(f"there is no metric '{name}': {hint}")
    return METRICS[known]


def decibels(mean_squared_error: float) -> float:
    """PSNR in dB of a mean squared error on the [0, 1] scale, at most `PSNR_CAP`."""
    return min(PSNR_CAP, 10 * math.log10(1 / max(float(mean_squared_error), 10 ** (-PSNR_CAP / 10))))


def _refuse_below(smallest: int, truths, title: str, name: str) -> None:
    height, width = truths.shape[1:3]
    if min(height, width) < smallest:
        raise LacunaError(
            f"{title} needs images of at least {smallest}×{smallest} pixels, but these are {width}×{height}; "
            f"raise image_size or drop '{name}' from the metrics."
        )


def _mean_of_channels(values):
    """…×3 → …, exact for integers."""
    return (values[..., 0] + values[..., 1] + values[..., 2]) / 3


def _differences(predictions, truths):
    """Absolute differences in 8-bit levels: uint8 K×N×H×W×3."""
    import numpy as np

    return np.maximum(predictions, truths) - np.minimum(predictions, truths)


def _squares(predictions, truths):
    """Squared differences on the [0, 1] scale, the mean of the channels: float64 K×N×H×W."""
    import numpy as np

    squares = np.arange(256, dtype=np.int32) ** 2
    return _mean_of_channels(squares[_differences(predictions, truths)]) / 255.0**2


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

    maps = _squares(predictions, truths)
    return np.vectorize(decibels, otypes=[float])(maps.mean(axis=(-2, -1))), maps


@metric(
    title="SSIM",
    unit="",
    direction="higher",
    range=(-1.0, 1.0),
    space="RGB, mean of the three channels",
    decimals=4,
    note="scikit-image's structural_similarity with its defaults: a uniform 7×7 window, K1 = 0.01, K2 = 0.03, sample "
    "covariance. Whole image: the mean without a border of 3 pixels. Regions: the mean of the full map.",
    reach=3,
    border=3,
)
def ssim(predictions, truths):
    """Structural similarity (Wang, Bovik, Sheikh, Simoncelli: Image quality assessment, IEEE TIP 2004)."""
    import numpy as np

    from lacuna.metrics.structural import BORDER, WINDOW, similarity_maps

    _refuse_below(WINDOW, truths, "SSIM", "ssim")
    values, maps = np.empty(predictions.shape[:2]), np.empty(predictions.shape[:-1])
    for n, truth in enumerate(truths):  # image by image: the arrays stay in the processor's cache
        for k, each in enumerate(similarity_maps(predictions[:, n], truth)):
            values[k, n] = each[BORDER:-BORDER, BORDER:-BORDER].mean(dtype=float)
            maps[k, n] = _mean_of_channels(each)
    return values, maps


@metric(
    title="MS-SSIM",
    unit="",
    direction="higher",
    range=(0.0, 1.0),
    space="RGB, mean of the three channels",
    decimals=4,
    note="Five scales with an 11×11 Gaussian window of deviation 1.5, K1 = 0.01, K2 = 0.03, as torchmetrics; sides of "
    "at least 176 pixels, so that the coarsest scale holds a window. It has no value for regions.",
)
def ms_ssim(predictions, truths):
    """Multi-scale structural similarity (Wang, Simoncelli, Bovik: Multiscale structural similarity, Asilomar 2003)."""
    import numpy as np

    from lacuna.metrics.structural import SMALLEST, multi_scale_similarity

    _refuse_below(SMALLEST, truths, "MS-SSIM", "ms_ssim")
    values = [[multi_scale_similarity(*pair) for pair in zip(each, truths, strict=True)] for each in predictions]
    return np.array(values), None


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
    maps = _mean_of_channels(_differences(predictions, truths).astype("int16")) / 255.0
    return maps.mean(axis=(-2, -1)), maps


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
    maps = _squares(predictions, truths)
    return maps.mean(axis=(-2, -1)), maps


@cache
def _lpips(network: str, backbones: str):
    from lacuna.nn.lpips import LPIPS

    return LPIPS(network, backbones)


def _perceptual_distance(network: str, predictions, truths, backbones):
    import numpy as np
    import torch

    from lacuna.nn.lpips import MINIMUM_SIZE

    _refuse_below(MINIMUM_SIZE[network], truths, "LPIPS", f"lpips_{network}")
    distance = _lpips(network, str(backbones))
    size = truths.shape[1:3]
    large = size[0] * size[1] > TILED_FROM
    values = np.empty(predictions.shape[:2])
    maps = np.empty(predictions.shape[:-1], np.float32 if large else float)
    at_once = max(1, _LPIPS_PIXELS[network] // (size[0] * size[1]))
    with torch.inference_mode():
        if large:
            for n, truth in enumerate(truths):
                of_truth, of_predictions = (
                    torch.from_numpy(images).permute(0, 3, 1, 2) for images in (truth[None], predictions[:, n])
                )
                found = distance.compare_in_tiles(of_predictions, of_truth)
                values[:, n], maps[:, n] = (tensor.numpy() for tensor in found)
            return values, maps
        for start in range(0, len(truths), at_once):
            some = slice(start, start + at_once)
            of_truths = distance.features(_tensor(truths[some]))
            for k, each in enumerate(predictions):
                found = distance.compare(distance.features(_tensor(each[some])), of_truths, size)
                values[k, some], maps[k, some] = (tensor.numpy() for tensor in found)
    return values, maps


def _tensor(images):
    """uint8 N×H×W×3 → float32 N×3×H×W in [0, 1]."""
    import torch

    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def _lpips_facts(title: str, network: str) -> dict:
    return {
        "title": f"LPIPS ({title})",
        "unit": "",
        "direction": "lower",
        "range": (0.0, math.inf),
        "space": f"RGB, {title} features",
        "decimals": 4,
        "note": f"Version 0.1, {title} with the learned linear weights. Regions: the mean of the distance map, whose "
        "pixels also see what surrounds the region.",
        "network": network,
    }


@metric(**_lpips_facts("AlexNet", "alex"))
def lpips_alex(predictions, truths, *, backbones):
    """Learned perceptual distance (Zhang et al.: The Unreasonable Effectiveness of Deep Features, CVPR 2018)."""
    return _perceptual_distance("alex", predictions, truths, backbones)


@metric(**_lpips_facts("VGG16", "vgg"))
def lpips_vgg(predictions, truths, *, backbones):
    """Learned perceptual distance (Zhang et al.: The Unreasonable Effectiveness of Deep Features, CVPR 2018)."""
    return _perceptual_distance("vgg", predictions, truths, backbones)
