"""Edges and gradients of pictures, as networks take them for input and losses."""

import numpy as np
import torch
from skimage import color, feature
from torch import Tensor

from lacuna.nn.layers import ReflectionPad2d


def sobel(image: Tensor) -> Tensor:
    """N×C×H×W → N×2C×H×W: the raw Sobel derivatives, downwards and rightwards of every channel in turn.

    A correlation with (1, 2, 1) across and (−1, 0, 1) along, not normalised: values are at most 4 × the image's range.
    The border is reflected without repeating the edge, so that the derivative across it is 0. Differentiable.
    """
    x = ReflectionPad2d(1)(image)
    across = x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]
    along = x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]
    return torch.stack([across[..., 2:, :] - across[..., :-2, :], along[..., 2:] - along[..., :-2]], 2).flatten(1, 2)


def canny(image: Tensor, sigma: float, valid: Tensor | None = None) -> Tensor:
    """Canny's edges of images N×3×H×W in [0, 1]: N×1×H×W of the image's type and device, exactly 0 or 1, 1 = edge.

    scikit-image's detector on the grey picture, at its own thresholds (0.1 and 0.2 of the range), on the CPU; sigma is
    that of its Gaussian, in pixels. valid: N×1×H×W, 1 where the picture is known; what lies elsewhere is not looked at,
    and its rim is no edge. No gradient flows. (J. Canny, "A Computational Approach to Edge Detection", IEEE TPAMI 1986)
    """
    if image.is_meta:  # shapes without numbers
        return torch.empty_like(image[:, :1])
    pictures = image.detach().permute(0, 2, 3, 1).double().cpu().numpy()
    known = [None] * len(pictures) if valid is None else valid[:, 0].cpu().numpy() > 0.5
    edges = [
        feature.canny(color.rgb2gray(picture), sigma, mask=mask) for picture, mask in zip(pictures, known, strict=True)
    ]
    return torch.from_numpy(np.stack(edges)[:, None]).to(image)
