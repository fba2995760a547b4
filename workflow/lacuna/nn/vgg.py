"""VGG16 and VGG19 features for perceptual and style losses.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2015), with torchvision's
ImageNet weights, fetched and verified by `lacuna.backbones`.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from lacuna.backbones.reading import load
from lacuna.nn.imagenet import MEAN, STD
from lacuna.nn.islands import in_bfloat16
from lacuna.nn.winograd import FrozenConvolution, frozen, suits

# Convolutions before each of the five poolings, and their widths.
_CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_WIDTHS = (64, 128, 256, 512, 512)


class VGGFeatures(nn.Module):
    """Named features of a frozen VGG.

    `layers` are names such as `relu3_4` (block 3, convolution 4, after its ReLU), `conv3_4` (before it) and `pool3`
    (after block 3's max pooling). The network is computed only as far as the deepest of them. It has no state that
    training changes, so `train()` and `eval()` give the same features; gradients flow to the images, never to the
    weights.

    `folder` holds `<name>.safetensors`, as `lacuna fetch-backbone` makes it. With `normalise=False` the images are
    taken as already normalised with ImageNet's mean and standard deviation.

    In single precision on the CPU, wide convolutions are Winograd's (`quick`), which rounds otherwise. `mixed`:
    they are computed in bfloat16, and features come as float32 all the same.

    Raises `LacunaError` if the weights are missing or altered, `ValueError` for an unknown network or layer.
    """

    features: nn.Sequential
    mean: Tensor
    std: Tensor
    quick = True
    mixed = False

    def __init__(self, name: str, folder: str | Path, layers: Sequence[str], normalise: bool = True):
        super().__init__()
        if name not in _CONVOLUTIONS:
            raise ValueError(f"VGGFeatures knows {', '.join(_CONVOLUTIONS)}, not {name!r}")
        # On the meta device nothing is drawn: the weights are loaded, and no random state is touched.
        with torch.device("meta"):
            features, positions = _network(_CONVOLUTIONS[name])
        unknown = [layer for layer in layers if layer not in positions]
        if unknown or not layers:
            raise ValueError(f"{name} has no layer {', '.join(unknown) or 'to return'}; it has {', '.join(positions)}")
        weights = {key.removeprefix("features."): torch.from_numpy(array) for key, array in load(name, folder).items()}
        features.load_state_dict(weights, strict=True, assign=True)

        last = max(positions[layer] for layer in layers)
        self.features = nn.Sequential(*list(features)[: last + 1])
        self.taken = {positions[layer]: layer for layer in layers}
        self.layers = tuple(layers)
        self.minimum_size = 2 ** sum(isinstance(module, nn.MaxPool2d) for module in self.features)
        self.normalise = normalise
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Images N×3×H×W in [0, 1] → {layer: N×C×h×w}, in the order of `layers`.

        Each pooling halves height and width, rounding down. The smallest image is 2 to the power of the poolings
        passed: 16 pixels for `relu5_1`, 32 for `pool5`; a smaller one is a `ValueError`.
        """
        if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < self.minimum_size:
            raise ValueError(
                f"images must be N×3×H×W with sides of at least {self.minimum_size} pixels, not {tuple(images.shape)}"
            )
        x = (images - self.mean) / self.std if self.normalise else images
        found = {}
        quick = self._quick if self.quick and not self.mixed and suits(x) else {}
        with in_bfloat16(self.mixed, x):
            for position, module in enumerate(self.features):
                x = quick.get(position, module)(x)
                if position in self.taken:
                    # the ReLU after a convolution works in place
                    found[self.taken[position]] = x.clone() if isinstance(module, nn.Conv2d) else x
        return {layer: found[layer].to(images.dtype) for layer in self.layers}

    def of_each(self, pictures: Sequence[Tensor]) -> list[dict[str, Tensor]]:
        """The features of several batches of one shape, by one pass."""
        found = self(torch.cat(list(pictures)))
        parts = {layer: features.chunk(len(pictures)) for layer, features in found.items()}
        return [{layer: parts[layer][index] for layer in self.layers} for index in range(len(pictures))]

    @cached_property
    def _quick(self) -> dict[int, FrozenConvolution]:
        """Position → what stands in for a convolution where that is the quicker."""
        modules = enumerate(self.features)
        return frozen({at: (each.weight, each.bias) for at, each in modules if isinstance(each, nn.Conv2d)})


def _network(convolutions: Sequence[int]) -> tuple[nn.Sequential, dict[str, int]]:
    """The layers in torchvision's order, and the position of every named one."""
    modules: list[nn.Module] = []
    positions = {}
    channels = 3
    for block, (count, width) in enumerate(zip(convolutions, _WIDTHS, strict=True), start=1):
        for convolution in range(1, count + 1):
            # in place: no convolution needs its result for the gradient, and none is returned
            modules += [nn.Conv2d(channels, width, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
            positions[f"relu{block}_{convolution}"] = len(modules) - 1
            positions[f"conv{block}_{convolution}"] = len(modules) - 2
            channels = width
        modules.append(nn.MaxPool2d(kernel_size=2))
        positions[f"pool{block}"] = len(modules) - 1
    return nn.Sequential(*modules), positions
