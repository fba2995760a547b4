"""The 2015 Inception that the Fréchet inception distance is defined with, as published in TorchScript.

Szegedy et al., "Rethinking the Inception architecture for computer vision" (2016); used for FID by Heusel et al., "GANs
trained by a two time-scale update rule converge to a local Nash equilibrium" (2017). The weights are TensorFlow's.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from lacuna.backbones.reading import verified_file

SIDE = 299
FEATURES = 2048


class InceptionFID(nn.Module):
    """8-bit images → the 2048 features of the last pooling; `folder` holds `inception.pt`, as fetched.

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
        """uint8 images N×3×299×299 → float32 features N×2048.

        How an image of another size becomes 299×299 decides the score, so it is left to the caller; other sizes and
        types are a `ValueError`. (The network would fail below 299 pixels and silently crop its pooling above.)
        """
        if images.dtype != torch.uint8 or images.ndim != 4 or tuple(images.shape[1:]) != (3, SIDE, SIDE):
            raise ValueError(
                f"the Inception takes uint8 images N×3×{SIDE}×{SIDE}, not {images.dtype} {tuple(images.shape)}"
            )
        return self.network((images.float() - 128) / 128)
