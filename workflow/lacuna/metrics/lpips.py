"""LPIPS: the official network, its weights verified, its distance and its map from one pass.

Zhang, Isola, Efros, Shechtman and Wang, "The unreasonable effectiveness of deep features as a perceptual metric"
(CVPR 2018), version 0.1, as in the authors' package `lpips`.
"""

import warnings
from pathlib import Path

import lpips
import torch
from torch import Tensor, nn

from lacuna.backbones.reading import load

MINIMUM_SIZE = {"alex": 31, "vgg": 16}
"""Sides below this leave a layer without a pixel."""


class LPIPS(nn.Module):
    """The distance of two images, 0 for equal ones, higher for more different ones; no fixed upper bound.

    `net` is `alex` or `vgg`; `folder` holds `lpips_<net>.safetensors`, as `lacuna fetch-backbone` makes it.
    The network is frozen; gradients flow to the images. Raises `LacunaError` if the weights are missing or altered.
    """

    def __init__(self, net: str, folder: str | Path):
        super().__init__()
        if net not in MINIMUM_SIZE:
            raise ValueError(f"LPIPS is offered with {' and '.join(MINIMUM_SIZE)}, not {net!r}")
        tensors = load(f"lpips_{net}", folder)
        # On the meta device the package downloads and draws nothing. It still calls torchvision in an outdated way.
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            network = lpips.LPIPS(net=net, pretrained=False, pnet_rand=True, use_dropout=False, verbose=False)
        weights = {key: _weight_of(key, tensors) for key in network.state_dict() if "scaling_layer" not in key}
        scaling = {f"scaling_layer.{key}": value for key, value in network.scaling_layer.state_dict().items()}
        network.load_state_dict(weights | scaling, strict=True, assign=True)
        self.net = net
        self.network = network
        self.requires_grad_(False).eval()

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Two batches N×3×H×W in [0, 1] → (distance N, map N×H×W).

        The distance sums the layers' averages over their own pixels. The map sums the layers after bilinear
        upsampling to H×W (the package's `spatial=True`); its mean is close to the distance, not equal to it.
        Raises `ValueError` for other shapes or ranges.
        """
        smallest = MINIMUM_SIZE[self.net]
        if a.shape != b.shape or a.ndim != 4 or a.shape[1] != 3 or min(a.shape[2:]) < smallest:
            raise ValueError(
                f"LPIPS compares two batches N×3×H×W with sides of at least {smallest} pixels, "
                f"not {tuple(a.shape)} and {tuple(b.shape)}"
            )
        for images in (a, b):
            if not (images.min() >= 0 and images.max() <= 1):
                raise ValueError(
                    f"LPIPS takes images in [0, 1], but these span [{images.min():.3g}, {images.max():.3g}]"
                )
        pairs = zip(self.features(a), self.features(b), self.network.lins, strict=True)
        layers = [self._layer(*pair) for pair in pairs]
        distance = sum(layer.mean(dim=(1, 2, 3)) for layer in layers)
        size = a.shape[2:]
        upsampled = [nn.functional.interpolate(layer, size, mode="bilinear", align_corners=False) for layer in layers]
        return distance, sum(upsampled).squeeze(1)

    def features(self, images: Tensor) -> tuple[Tensor, ...]:
        """Images N×3×H×W in [0, 1] → the five ReLU features N×C×h×w that are compared."""
        return self.network.net(self.network.scaling_layer(2 * images - 1))

    @staticmethod
    def _layer(of_a: Tensor, of_b: Tensor, linear: nn.Module) -> Tensor:
        """Weighted squared difference of features of unit length per pixel, N×1×h×w."""
        return linear((lpips.normalize_tensor(of_a) - lpips.normalize_tensor(of_b)) ** 2)


def _weight_of(key: str, tensors) -> Tensor:
    """By the package's name: `net.slice2.3.bias` is our `features.3.bias`; `lin1.…` and `lins.1.…`, `lin.1.weight`."""
    parts = key.split(".")
    if parts[0] == "net":
        ours = ".".join(["features", *parts[2:]])
    else:
        ours = f"lin.{parts[1] if parts[0] == 'lins' else parts[0].removeprefix('lin')}.weight"
    return torch.from_numpy(tensors[ours])
