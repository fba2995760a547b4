"""TensorFlow's padding `SAME`."""

from torch import Tensor, nn
from torch.nn import functional as F


def same_padding(x: Tensor, layer: nn.Conv2d) -> Tensor:
    """Zeros around x so that the output's size is the input's over the stride, rounded up; the odd one after."""
    sides: list[int] = []
    for size, kernel, stride in zip(x.shape[-2:], layer.kernel_size, layer.stride, strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
        sides = [total // 2, total - total // 2, *sides]  # F.pad begins with the last dimension
    return F.pad(x, sides)
