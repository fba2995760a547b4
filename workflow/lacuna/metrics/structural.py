"""The arithmetic of SSIM and MS-SSIM on 8-bit images."""

import numpy as np
from scipy.ndimage import correlate1d

from lacuna.metrics.box_sums import box_sums

# Wang, Bovik, Sheikh and Simoncelli (2004): constants against division by small numbers, for values 0 … 255.
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
WINDOW = 7
PIXELS = WINDOW**2
BORDER = WINDOW // 2

# Wang, Simoncelli and Bovik (2003): the exponents of the five scales.
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
GAUSSIAN = 11
SIGMA = 1.5
SMALLEST = GAUSSIAN << (len(WEIGHTS) - 1)
"""Pixels (176) of the shortest side whose coarsest scale still holds one window."""


def similarity_maps(predictions: np.ndarray, truth: np.ndarray) -> list[np.ndarray]:
    """SSIM of K predictions K×H×W×3 of one truth H×W×3 (uint8): K maps H×W×3, float32.

    A uniform 7×7 window and the sample covariance (N − 1). Sums of bytes, squares and products over 49 pixels are
    exact, and so are the numerators of means and covariances, where digits would be lost; a value of the map is right
    to 1e-6, and exactly 1 where nothing differs.
    """
    y, sum_y, spread_y = _moments(truth)
    # means times 49, covariances times 49·48
    for_means, for_spreads = np.float32(C1 * PIXELS**2), np.float32(C2 * PIXELS * (PIXELS - 1))
    maps = []
    for prediction in predictions:
        x, sum_x, spread_x = _moments(prediction)
        products = sum_x * sum_y
        covariance = PIXELS * _window_sums(x * y) - products
        above = _float(2 * products, for_means) * _float(2 * covariance, for_spreads)
        above /= _float(sum_x * sum_x + sum_y * sum_y, for_means) * _float(spread_x + spread_y, for_spreads)
        maps.append(above)
    return maps


def _moments(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An image H×W×3 (uint8) as float32; int32 window sums; int32 49·Σx² − (Σx)² of every window."""
    x = image.astype(np.float32)
    sums = _window_sums(x)
    return x, sums, PIXELS * _window_sums(x * x) - sums * sums


def _window_sums(values: np.ndarray) -> np.ndarray:
    return box_sums(values, BORDER).astype(np.int32)


def _float(integers: np.ndarray, stabiliser: np.float32) -> np.ndarray:
    values = integers.astype(np.float32)
    values += stabiliser
    return values


def multi_scale_similarity(prediction: np.ndarray, truth: np.ndarray) -> float:
    """MS-SSIM of two images H×W×3 (uint8) with sides of at least `SMALLEST`.

    As torchmetrics: an 11×11 Gaussian window of deviation 1.5; at the four finer scales the contrast-structure term
    over the windows inside the image, at the coarsest SSIM over the whole image, mirrored at its edges; each term is
    averaged over pixels and channels and taken as 0 where it is negative; scales are halved by 2×2 averages.
    """
    x, y = (image.transpose(2, 0, 1).astype(np.float64) for image in (prediction, truth))
    inside = (slice(None), *[slice(GAUSSIAN // 2, -(GAUSSIAN // 2))] * 2)
    value = 1.0
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            x, y = _halved(x), _halved(y)
        mean_x, mean_y = _blurred(x), _blurred(y)
        spread_x, spread_y = (np.maximum(_blurred(a * a) - mean * mean, 0) for a, mean in ((x, mean_x), (y, mean_y)))
        contrast = (2 * (_blurred(x * y) - mean_x * mean_y) + C2) / (spread_x + spread_y + C2)
        if scale < len(WEIGHTS) - 1:
            term = contrast[inside].mean()
        else:
            term = (contrast * (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)).mean()
        value *= max(term, 0.0) ** weight
    return float(value)


def _kernel() -> np.ndarray:
    steps = np.arange(GAUSSIAN) - GAUSSIAN // 2
    kernel = np.exp(-(steps**2) / (2 * SIGMA**2))
    return kernel / kernel.sum()


def _blurred(x: np.ndarray) -> np.ndarray:
    kernel = _kernel()
    return correlate1d(correlate1d(x, kernel, axis=1, mode="mirror"), kernel, axis=2, mode="mirror")


def _halved(x: np.ndarray) -> np.ndarray:
    height, width = (side // 2 * 2 for side in x.shape[1:])
    x = x[:, :height, :width]
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4
