"""Layers that torch has, with a deterministic gradient on every device; a blur; and initialisations."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ReflectionPad2d(nn.Module):
    """Reflection padding by the same number of pixels on all four sides, without repeating the edge.

    torch's own has no deterministic gradient on a GPU; when determinism is asked for there, flipped slices are joined
    instead, which gives the same values.
    """

    def __init__(self, padding: int):
        super().__init__()
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        pad = self.padding
        if not (x.is_cuda and torch.are_deterministic_algorithms_enabled()):
            return F.pad(x, (pad, pad, pad, pad), mode="reflect")
        for dimension in (-2, -1):
            size = x.shape[dimension]
            before = x.narrow(dimension, 1, pad).flip(dimension)
            after = x.narrow(dimension, size - pad - 1, pad).flip(dimension)
            x = torch.cat([before, x, after], dimension)
        return x

    def extra_repr(self) -> str:
        return str(self.padding)


def initialise_normal(module: nn.Module, std: float) -> None:
    """Every convolution's weights N(0, std²), its bias 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(part.weight, 0.0, std)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def initialise_kaiming(module: nn.Module) -> None:
    """Kaiming-normal weights of every convolution and linear layer, their biases 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def twice_the_size(x: Tensor) -> Tensor:
    """N×C×H×W → N×C×2H×2W, bilinear with aligned corners."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def gaussian_blur(maps: Tensor, radius: int, sigma: float) -> Tensor:
    """Maps N×1×H×W blurred by a normalised Gaussian of (2·radius + 1)² pixels; outside the picture they are 0."""
    offset = torch.arange(-radius, radius + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.exp(-(offset**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    rows = F.conv2d(maps, kernel.view(1, 1, -1, 1), padding=(radius, 0))
    return F.conv2d(rows, kernel.view(1, 1, 1, -1), padding=(0, radius))
