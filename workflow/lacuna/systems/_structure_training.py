"""Losses and discriminator of the structure network, which only its training needs: see `lacuna.systems.structure`."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.edges import canny, sobel
from lacuna.nn.islands import spectrally_normalised
from lacuna.nn.layers import gaussian_blur, initialise_normal
from lacuna.nn.losses import gram_matrix
from lacuna.nn.same_padding import same_padding

FEATURE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CANNY_SIGMA = 1.5


def region_l1(raw: Tensor, image: Tensor, region: Tensor) -> Tensor:
    """Absolute differences on the authors' scale [−1, 1], summed over channels, averaged over a region N×1×H×W."""
    return (2 * (raw - image).abs() * region).sum() / region.sum().clamp_min(1)


def content_loss(of: Mapping[str, Tensor], to: Mapping[str, Tensor]) -> Tensor:
    """Mean over layers of the mean squared difference between features."""
    return torch.stack([F.mse_loss(of[layer], to[layer]) for layer in FEATURE_LAYERS]).mean()


def squared_style_loss(of: Mapping[str, Tensor], to: Mapping[str, Tensor]) -> Tensor:
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


class Discriminator(nn.Module):
    """Patches of an image N×3×H×W in [0, 1] → scores N×1×⌈H/8⌉×⌈W/8⌉ (quarters in the small form): high = real.

    Every convolution is divided by its spectral norm, of which each pass in training mode takes one power iteration.
    """

    def __init__(self, strides: tuple[int, ...], width: int):
        super().__init__()
        widths = [3, *(width * 2**level for level in range(len(strides) - 1)), 1]
        self.layers: Any = nn.ModuleList(
            nn.Conv2d(channels, out_channels, 4, stride)
            for channels, out_channels, stride in zip(widths[:-1], widths[1:], strides, strict=True)
        )
        initialise_normal(self, 0.02)
        for layer in self.layers:
            spectrally_normalised(layer)

    def forward(self, image: Tensor) -> Tensor:
        x = 2 * image - 1
        for layer in self.layers[:-1]:
            x = F.leaky_relu(layer(same_padding(x, layer)), 0.2)
        return self.layers[-1](same_padding(x, self.layers[-1]))


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge: real patches score at least 1, fake ones at most −1."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
