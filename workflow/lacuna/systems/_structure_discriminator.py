"""The discriminator of the structure network and its loss: `lacuna.systems.structure` tells what they are for."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import spectral_norm

from lacuna.nn.layers import initialise_normal
from lacuna.nn.same_padding import same_padding


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
            spectral_norm(layer)

    def forward(self, image: Tensor) -> Tensor:
        x = 2 * image - 1
        for layer in self.layers[:-1]:
            x = F.leaky_relu(layer(same_padding(x, layer)), 0.2)
        return self.layers[-1](same_padding(x, self.layers[-1]))


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge: real patches score at least 1, fake ones at most −1."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
