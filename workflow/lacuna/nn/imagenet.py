"""The range of networks that were trained on ImageNet, or normalise as those do: its mean is 0, its deviation 1."""

from torch import Tensor

# torchvision's constants for RGB in [0, 1]
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def normalised(image: Tensor) -> Tensor:
    """N×3×H×W in [0, 1] → ImageNet's range."""
    return (image - image.new_tensor(MEAN).view(1, 3, 1, 1)) / image.new_tensor(STD).view(1, 3, 1, 1)


def denormalised(x: Tensor) -> Tensor:
    """N×3×H×W in ImageNet's range → [0, 1]."""
    return x * x.new_tensor(STD).view(1, 3, 1, 1) + x.new_tensor(MEAN).view(1, 3, 1, 1)
