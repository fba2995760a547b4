"""Discriminators of overlapping patches: five convolutions, of which the last gives a logit for each patch.

P. Isola, J.-Y. Zhu, T. Zhou, A. A. Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR
2017; divided by their spectral norms as by T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida, "Spectral Normalization for
Generative Adversarial Networks", ICLR 2018.
"""

from torch import Tensor, nn

from lacuna.errors import LacunaError
from lacuna.nn.islands import spectrally_normalised
from lacuna.nn.layers import initialise_normal

STRIDES = (2, 2, 2, 1, 1)


def patch_layers(width: int, kernel: int, initial_std: float) -> nn.Sequential:
    """Layers N×3×H×W → N×1×h×w: convolutions at even places, leaky ReLUs (0.2) between them.

    All but the last have no bias and are divided by their spectral norm. width: channels after the first; they double
    from one to the next. initial_std: of the first weights.
    """
    layers: list[nn.Module] = []
    channels = (3, *(width * 2**level for level in range(len(STRIDES) - 1)))
    for entering, leaving, stride in zip(channels, channels[1:], STRIDES, strict=False):
        layers += [nn.Conv2d(entering, leaving, kernel, stride, 1, bias=False), nn.LeakyReLU(0.2, True)]
    layers.append(nn.Conv2d(channels[-1], 1, kernel, STRIDES[-1], 1))
    whole = nn.Sequential(*layers)
    initialise_normal(whole, initial_std)
    for convolution in layers[:-1:2]:
        spectrally_normalised(convolution)
    return whole


def smallest_picture(kernel: int) -> int:
    """Height and width in pixels that give a single patch."""
    size = 1
    for stride in reversed(STRIDES):
        size = (size - 1) * stride + kernel - 2
    return size


def require_patch(image: Tensor, kernel: int, whose: str) -> None:
    """Refuse pictures N×3×H×W that have no room for a patch, by a `LacunaError`."""
    smallest = smallest_picture(kernel)
    if min(image.shape[-2:]) < smallest:
        raise LacunaError(
            f"the discriminator of {whose} takes pictures of at least {smallest} pixels, not "
            f"{image.shape[-2]}×{image.shape[-1]}; choose another image size"
        )
