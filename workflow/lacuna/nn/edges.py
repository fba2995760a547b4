"""Edges and gradients of pictures, as networks take them for input and losses."""

import numpy as np
import torch
from skimage import feature
from torch import Tensor

from lacuna.nn.layers import ReflectionPad2d

LUMINANCE = (0.2125, 0.7154, 0.0721)


def sobel(image: Tensor) -> Tensor:
    """N×C×H×W → N×2C×H×W: the raw Sobel derivatives, downwards and rightwards of every channel in turn.

    A correlation with (1, 2, 1) across and (−1, 0, 1) along, not normalised: values are at most 4 × the image's range.
    The border is reflected without repeating the edge, so that the derivative across it is 0. Differentiable.
    """
    x = ReflectionPad2d(1)(image)
    across = x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]
    along = x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]
    return torch.stack([across[..., 2:, :] - across[..., :-2, :], along[..., 2:] - along[..., :-2]], 2).flatten(1, 2)


def grey(image: Tensor) -> Tensor:
    """N×3×H×W → N×1×H×W of float64, by scikit-image's weights.

    Its own `rgb2gray` adds in an order that depends on how the picture lies in memory, and where numbers are all but
    equal the last bit decides what is an edge: `canny` and the graph that stands for it both take this sum.
    """
    red, green, blue = image.double().split(1, 1)
    return red * LUMINANCE[0] + green * LUMINANCE[1] + blue * LUMINANCE[2]


def canny(image: Tensor, sigma: float, valid: Tensor | None = None) -> Tensor:
    """Canny's edges of images N×3×H×W in [0, 1]: N×1×H×W of the image's type and device, exactly 0 or 1, 1 = edge.

    scikit-image's detector on the grey picture, at its own thresholds (0.1 and 0.2 of the range), on the CPU; sigma is
    that of its Gaussian, in pixels. valid: N×1×H×W, 1 where the picture is known; what lies elsewhere is not looked at,
    and its rim is not an edge. No gradient flows. (J. Canny, "A Computational Approach to Edge
    Detection", IEEE TPAMI 1986)
    """
    if image.is_meta:  # shapes without numbers
        return torch.empty_like(image[:, :1])
    pictures = grey(image.detach().cpu())[:, 0].numpy()
    known = [None] * len(pictures) if valid is None else valid[:, 0].cpu().numpy() > 0.5
    edges = [feature.canny(picture, sigma, mask=mask) for picture, mask in zip(pictures, known, strict=True)]
    return torch.from_numpy(np.stack(edges)[:, None]).to(image)
