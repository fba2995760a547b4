"""Losses of the structure network: `lacuna.systems.structure` tells what they are for."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from lacuna.nn.edges import canny, sobel
from lacuna.nn.layers import gaussian_blur
from lacuna.nn.losses import gram_matrix

FEATURE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CANNY_SIGMA = 1.5


def region_l1(raw: Tensor, image: Tensor, region: Tensor) -> Tensor:
    """Absolute differences on the authors' scale [−1, 1], summed over channels, averaged over a region N×1×H×W."""
    return (2 * (raw - image).abs() * region).sum() / region.sum().clamp_min(1)


def content_loss(of: Mapping[str, Tensor], to: Mapping[str, Tensor]) -> Tensor:
    """Mean over layers of the mean squared difference between features."""
    return torch.stack([F.mse_loss(of[layer], to[layer]) for layer in FEATURE_LAYERS]).mean()


def style_loss(of: Mapping[str, Tensor], to: Mapping[str, Tensor]) -> Tensor:
    """Mean over layers of the squared difference between Gram matrices, summed, over the number of features N·C·H·W."""
    terms = [(gram_matrix(of[key]) - gram_matrix(to[key])).square().sum() / of[key].numel() for key in FEATURE_LAYERS]
    return torch.stack(terms).mean()


def structure_losses(gradients: tuple[Tensor, ...], image: Tensor) -> tuple[Tensor, Tensor]:
    """Absolute differences between predicted and true derivatives, summed over scales: the mean, and that near edges.

    The second weighs each pixel by the true edges, blurred twice. (The authors' factor 20 on these weights cancels.)
    The true ones are computed anew on the picture at every scale, of which each pixel is the first of its neighbours.
    """
    everywhere, near_edges = [], []
    for gradient in gradients:
        step = image.shape[-1] // gradient.shape[-1]
        picture = image[..., ::step, ::step]
        error = (gradient - sobel(2 * picture - 1)).abs()
        weight = gaussian_blur(gaussian_blur(canny(picture, CANNY_SIGMA), 2, 1.0), 2, 1.0)
        everywhere.append(error.mean())
        near_edges.append((weight * error).sum() / weight.sum().clamp_min(1e-6) / error.shape[1])
    return torch.stack(everywhere).sum(), torch.stack(near_edges).sum()


def low_scale_l1(images: tuple[Tensor, ...], image: Tensor) -> Tensor:
    """Mean absolute differences of the smaller pictures on the scale [−1, 1], summed over scales."""
    steps = [image.shape[-1] // small.shape[-1] for small in images]
    pairs = zip(images, steps, strict=True)
    return torch.stack([2 * F.l1_loss(small, image[..., ::step, ::step]) for small, step in pairs]).sum()


def uniform(image: Tensor, mask: Tensor) -> Tensor:
    """N booleans: is all that the network sees of a picture one colour, as when everything is hole?

    Then every map is constant, and instance normalisation multiplies the gradient by a thousand in each layer, until it
    is not finite.
    """
    seen = torch.cat([image * (1 - mask), mask], 1).flatten(2)
    return (seen.amax(2) == seen.amin(2)).all(1)
