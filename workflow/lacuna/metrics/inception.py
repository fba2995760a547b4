"""The 2015 Inception that the Fréchet inception distance is defined with, as published in TorchScript.

Szegedy et al., "Rethinking the Inception architecture for computer vision" (2016); used for FID by Heusel et al., "GANs
trained by a two time-scale update rule converge to a local Nash equilibrium" (2017). The weights are TensorFlow's.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from lacuna.backbones.reading import verified_file

SIDE = 299
FEATURES = 2048


def resize(image: np.ndarray) -> np.ndarray:
    """uint8 H×W×3 → float32 3×299×299 in [0, 255], as clean-fid does.

    Parmar, Zhang and Zhu, "On aliased resizing and surprising subtleties in GAN evaluation" (CVPR 2022): Pillow's
    bicubic filter, which is widened when it makes smaller so that nothing aliases, on each channel in floating point;
    overshoots are clipped, and nothing is rounded to 8 bits again.
    """
    channels = (Image.fromarray(np.ascontiguousarray(image[..., i], dtype=np.float32)) for i in range(3))
    resized = [np.asarray(each.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for each in channels]
    return np.clip(np.stack(resized), 0, 255)


class InceptionFID(nn.Module):
    """Images of 299×299 → the 2048 features of the last pooling; `folder` holds `inception.pt`, as fetched.

    The network itself takes floats (x − 128) / 128, from −1 to 0.992: TensorFlow's scaling. That was checked, not only
    read: on photographs scaled so, the first layer's activations have the mean and variance that its batch
    normalisation holds (standard deviation 0.92 of the stored one; 0.46 with [0, 1], 118 with [0, 255]).
    Raises `LacunaError` if the file is missing or altered.
    """

    def __init__(self, folder: str | Path):
        super().__init__()
        # Verified before it is loaded: TorchScript is a program.
        self.network = torch.jit.load(verified_file("inception", folder), map_location="cpu").eval()
        self.requires_grad_(False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """float32 images N×3×299×299 in [0, 255] → float32 features N×2048.

        How an image of another size becomes 299×299 decides the score, so it is left to the caller (`resize` below);
        other sizes, types and ranges are a `ValueError`. (The network would fail below 299 pixels and silently crop its
        pooling above.)
        """
        if images.dtype != torch.float32 or images.ndim != 4 or tuple(images.shape[1:]) != (3, SIDE, SIDE):
            raise ValueError(
                f"the Inception takes float32 images N×3×{SIDE}×{SIDE}, not {images.dtype} {tuple(images.shape)}"
            )
        if not (images.min() >= 0 and images.max() <= 255):
            raise ValueError(f"the Inception takes images in [0, 255], but these span [{images.min()}, {images.max()}]")
        return self.network((images - 128) / 128)
