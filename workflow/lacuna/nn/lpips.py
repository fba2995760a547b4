"""LPIPS: the official distance and its map, from a network of our own with verified weights.

Zhang, Isola, Efros, Shechtman and Wang, "The unreasonable effectiveness of deep features as a perceptual metric"
(CVPR 2018), version 0.1. The authors' package builds its trunks with torchvision, whose import alone takes as long as
scoring a hundred images; the trunks are therefore written out here, and a test compares the two.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lacuna.backbones.reading import load
from lacuna.nn.winograd import WinogradConv2d, fits

MINIMUM_SIZE = {"alex": 31, "vgg": 16}
"""Sides below this leave a layer without a pixel."""

# The authors' scaling of images in [-1, 1]: ImageNet's mean and standard deviation, rounded.
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10


class LPIPS(nn.Module):
    """The distance of two images, 0 for equal ones, higher for more different ones; no fixed upper bound.

    `net` is `alex` or `vgg`; `folder` holds `lpips_<net>.safetensors`, as `lacuna fetch-backbone` makes it.
    The network is frozen; gradients flow to the images. Raises `LacunaError` if the weights are missing or altered.
    """

    factor: Tensor
    offset: Tensor

    def __init__(self, net: str, folder: str | Path):
        super().__init__()
        if net not in MINIMUM_SIZE:
            raise ValueError(f"LPIPS is offered with {' and '.join(MINIMUM_SIZE)}, not {net!r}")
        tensors = {key: torch.from_numpy(array) for key, array in load(f"lpips_{net}", folder).items()}
        with torch.device("meta"):  # nothing is drawn: the weights are loaded, and no random state is touched
            features = _TRUNKS[net]()
        weights = {key.removeprefix("features."): value for key, value in tensors.items() if key.startswith("features")}
        features.load_state_dict(weights, strict=True, assign=True)
        self.net = net
        quick = [WinogradConv2d(module) if fits(module) else module for module in features]
        # Channels last: what the CPU's convolutions and the sums over channels are quickest with.
        self.trunk = nn.Sequential(*quick).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
        self.compared = _COMPARED[net]
        self.linear = nn.ParameterList(tensors[f"lin.{i}.weight"] for i in range(len(self.compared)))
        # (2x − 1 − shift) / scale as one product and one sum
        shift, scale = (torch.tensor(values).view(1, 3, 1, 1) for values in (_SHIFT, _SCALE))
        self.register_buffer("factor", 2 / scale)
        self.register_buffer("offset", (-1 - shift) / scale)
        self.requires_grad_(False).eval()

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Two batches N×3×H×W in [0, 1] → (distance N, map N×H×W).

        The distance sums the layers' averages over their own pixels. The map sums the layers after bilinear
        upsampling to H×W (the package's `spatial=True`); its mean is close to the distance, not equal to it.
        Raises `ValueError` for other shapes or ranges.
        """
        if a.shape != b.shape:
            raise ValueError(f"LPIPS compares two batches of one shape, not {tuple(a.shape)} and {tuple(b.shape)}")
        return self.compare(self.features(a), self.features(b), a.shape[2:])

    def features(self, images: Tensor) -> list[Tensor]:
        """Images N×3×H×W in [0, 1] → the five features N×C×h×w, of unit length in every pixel.

        They can be kept and compared more than once. Raises `ValueError` for other shapes or ranges.
        """
        smallest = MINIMUM_SIZE[self.net]
        if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < smallest:
            raise ValueError(
                f"LPIPS takes images N×3×H×W with sides of at least {smallest} pixels, not {tuple(images.shape)}"
            )
        least, most = images.aminmax()
        if not (least >= 0 and most <= 1):
            raise ValueError(f"LPIPS takes images in [0, 1], but these span [{least:.3g}, {most:.3g}]")
        x = torch.addcmul(self.offset, images, self.factor).contiguous(memory_format=torch.channels_last)
        found = []
        for position, module in enumerate(self.trunk):
            x = module(x)
            if position in self.compared:
                found.append(x / (torch.linalg.vector_norm(x, dim=1, keepdim=True) + _EPSILON))
        return found

    def compare(self, of_a: list[Tensor], of_b: list[Tensor], size: Sequence[int]) -> tuple[Tensor, Tensor]:
        """`features` of two batches of images of `size` (H, W) → (distance N, map N×H×W)."""
        return self._summed(self._differences(of_a, of_b), size)

    def compare_in_tiles(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward` for bytes N×3×H×W and 1×3×H×W, in memory that the features of one tile bound.

        A tile's features are computed with so much around it that they are those of the whole image, as far as
        rounding goes; what is kept of them, the distances of the layers, is small.
        """
        height, width = a.shape[2:]
        side = _TILE[self.net]
        rows = []
        for top in range(0, height, side):
            tiles = [self._of_tile(a, b, top, left, side) for left in range(0, width, side)]
            rows.append([torch.cat(layer, dim=3) for layer in zip(*tiles, strict=True)])
        return self._summed([torch.cat(layer, dim=2) for layer in zip(*rows, strict=True)], (height, width))

    def _of_tile(self, a: Tensor, b: Tensor, top: int, left: int, side: int) -> list[Tensor]:
        """The layers' distances that belong to the tile at (top, left), the last ones of a row or column included."""
        height, width = a.shape[2:]
        area = tuple(
            slice(max(0, start - _AROUND), min(end, start + side + _AROUND))
            for start, end in ((top, height), (left, width))
        )
        features = (self.features(each[:, :, area[0], area[1]].float() / 255) for each in (a, b))
        own = []
        for layer, stride in zip(self._differences(*features), _STRIDES[self.net], strict=True):
            part = [slice(None), slice(None)]
            for start, end, whole in ((top, height, area[0]), (left, width, area[1])):
                first = (start - whole.start) // stride
                part.append(slice(first, None if start + side >= end else first + side // stride))
            own.append(layer[tuple(part)])
        return own

    def _differences(self, of_a: list[Tensor], of_b: list[Tensor]) -> list[Tensor]:
        """The weighted squared differences of the features: five layers N×1×h×w."""
        return [
            nn.functional.conv2d((a - b).square(), weight) for a, b, weight in zip(of_a, of_b, self.linear, strict=True)
        ]

    def _summed(self, layers: list[Tensor], size: Sequence[int]) -> tuple[Tensor, Tensor]:
        distance: Any = sum(layer.mean(dim=(1, 2, 3)) for layer in layers)
        of_size: dict[torch.Size, Tensor] = {}  # layers of one size are added before they are enlarged
        for layer in layers:
            of_size[layer.shape] = of_size[layer.shape] + layer if layer.shape in of_size else layer
        upsampled: Any = sum(nn.functional.interpolate(each, size, mode="bilinear") for each in of_size.values())
        return distance, upsampled.squeeze(1)


def _alexnet() -> nn.Sequential:
    """AlexNet as in Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014)."""
    return nn.Sequential(
        nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Conv2d(64, 192, kernel_size=5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Conv2d(192, 384, kernel_size=3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, kernel_size=3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(256, 256, kernel_size=3, padding=1),
        nn.ReLU(inplace=True),
    )


def _vgg16() -> nn.Sequential:
    """VGG16 up to its last ReLU: Simonyan and Zisserman (2015)."""
    modules, channels = list[nn.Module](), 3
    for block, (count, width) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))):
        if block:
            modules.append(nn.MaxPool2d(kernel_size=2))
        for _ in range(count):
            modules += [nn.Conv2d(channels, width, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
            channels = width
    return nn.Sequential(*modules)


# Sides of tiles, multiples of every stride, and the pixels around them: more than the half of 195 (AlexNet) or 196
# (VGG16) pixels that the last features see, and a multiple of every stride, too.
_TILE = {"alex": 640, "vgg": 256}
_AROUND = 128
_STRIDES = {"alex": (4, 8, 16, 16, 16), "vgg": (1, 2, 4, 8, 16)}
_TRUNKS = {"alex": _alexnet, "vgg": _vgg16}
# Positions of the compared ReLUs in the trunk: all five of AlexNet, the last of each block of VGG16.
_COMPARED = {"alex": (1, 4, 7, 9, 11), "vgg": (3, 8, 15, 22, 29)}
