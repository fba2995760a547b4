"""From pictures to tensors and back: the one place where channels change their place.

Two conventions: a picture is uint8 H×W×3 with a hole bool H×W, True = hole; a tensor is float N×3×H×W in [0, 1] with a
mask N×1×H×W of 0 and 1, 1 = hole. Leading dimensions are kept. Values keep their order in memory, so the tensor of a
picture has the channels-last format.
"""

import numpy as np
import torch
from torch import Tensor


def image_tensor(pictures: np.ndarray, device: torch.device | str = "cpu", dtype=torch.float32) -> Tensor:
    """uint8 …×H×W×3 → …×3×H×W on the [0, 1] scale."""
    return torch.from_numpy(pictures).to(device).movedim(-1, -3).to(dtype) / 255


def mask_tensor(holes: np.ndarray, device: torch.device | str = "cpu", dtype=torch.float32) -> Tensor:
    """bool …×H×W → …×1×H×W of 0 and 1."""
    return torch.from_numpy(holes).to(device).unsqueeze(-3).to(dtype)


def pictures_of(images: Tensor) -> np.ndarray:
    """…×3×H×W, of which what is outside [0, 1] is cut off → uint8 …×H×W×3, rounded half to even."""
    return (images.clamp(0, 1) * 255).round().byte().movedim(-3, -1).cpu().numpy()
