"""Operators that ONNX, or ONNX Runtime, lacks, as others that it has; in place only while a graph is traced.

Every function here takes what PyTorch's own takes, as far as the networks use it, and returns the same numbers.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional as F


def unfold(x: Tensor, size: int, padding: int = 0, stride: int = 1) -> Tensor:
    """`F.unfold` of square windows: a convolution of every channel alone, with one kernel for each place."""
    channels = x.shape[1]
    return F.conv2d(x, one_hot(channels, size, x), stride=stride, padding=padding, groups=channels).flatten(2)


def fold(patches: Tensor, output_size, size: int, stride: int = 1, padding: int = 0) -> Tensor:
    """`F.fold` of square windows: a transposed convolution of every channel alone, with one kernel for each place."""
    height, width = output_size
    channels = patches.shape[1] // size**2
    rows, columns = ((side + 2 * padding - size) // stride + 1 for side in (height, width))
    maps = patches.unflatten(2, (rows, columns))
    return F.conv_transpose2d(maps, one_hot(channels, size, patches), stride=stride, padding=padding, groups=channels)


def one_hot(channels: int, size: int, like: Tensor) -> Tensor:
    """Kernels (channels·size²)×1×size×size; each looks at one place, row by row, the same for all channels."""
    channels, places = int(channels), size * size
    return torch.eye(places, dtype=like.dtype).view(places, 1, size, size).repeat(channels, 1, 1, 1)


REPLACEMENTS = (
    (F, "unfold", unfold, "im2col: grouped convolution with one-hot kernels"),
    (F, "fold", fold, "col2im: grouped transposed convolution with one-hot kernels"),
)


@contextmanager
def replaced() -> Iterator[set[str]]:
    """Put the replacements in place; yields the set of those that were called, in words, which fills as they are."""
    used: set[str] = set()

    def noting(function, words):
        def call(*args, **kwargs):
            used.add(words)
            return function(*args, **kwargs)

        return call

    with ExitStack() as stack:
        for owner, name, function, words in REPLACEMENTS:
            stack.enter_context(patch.object(owner, name, noting(function, words)))
        yield used
