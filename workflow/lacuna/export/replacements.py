"""Operators that ONNX lacks, or the exporter gets wrong, as others that it has; in place only while a graph is traced.

Every function here takes what PyTorch's own takes, as far as the networks use it, and returns the same numbers.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional as F

from lacuna.export import fourier
from lacuna.export.canny import canny


@dataclass(frozen=True)
class Replacement:
    """owner.name is replaced by function in calls with the keyword argument `only_with`, or in all; words: for people.

    owner: a module's name; nothing is replaced where it is not imported. words is "" for what only changes a value's
    form.
    """

    owner: str
    name: str
    function: Callable
    words: str = ""
    only_with: str = ""


def unfold(x: Tensor, size: int, padding: int = 0, stride: int = 1) -> Tensor:
    """`F.unfold` of square windows: a convolution of every channel alone, with one kernel for each place."""
    channels = int(x.shape[1])
    return F.conv2d(x, one_hot(channels, size, x), stride=stride, padding=padding, groups=channels).flatten(2)


def fold(patches: Tensor, output_size, size: int, stride: int = 1, padding: int = 0) -> Tensor:
    """`F.fold` of square windows: a transposed convolution of every channel alone, with one kernel for each place."""
    channels = int(patches.shape[1]) // size**2
    rows, columns = ((side + 2 * padding - size) // stride + 1 for side in output_size)
    maps = patches.reshape(-1, patches.shape[1], rows, columns)
    return F.conv_transpose2d(maps, one_hot(channels, size, patches), stride=stride, padding=padding, groups=channels)


def one_hot(channels: int, size: int, like: Tensor) -> Tensor:
    """Kernels (channels·size²)×1×size×size; each looks at one place, row by row, the same for all channels."""
    places = size * size
    return torch.eye(places, dtype=like.dtype).view(places, 1, size, size).repeat(channels, 1, 1, 1)


def sum_pool2d(x: Tensor, kernel: tuple[int, int], stride, padding, *, divisor_override: int) -> Tensor:
    """`F.avg_pool2d` with a divisor of its own."""
    channels = int(x.shape[1])
    return F.conv2d(x, x.new_ones(channels, 1, *kernel), None, stride, padding, groups=channels) / divisor_override


def refused(*_, **__):
    """What comes from NumPy was computed outside the graph, from the traced picture, and would be a constant."""
    raise RuntimeError(
        "a step of the network is computed by NumPy (torch.from_numpy), which is not an operator of a graph"
    )


REPLACEMENTS = (
    Replacement("lacuna.systems.structure", "canny", canny, "Canny's detector by sums, comparisons and a Loop"),
    Replacement("torch", "from_numpy", refused),
    Replacement("torch.nn.functional", "unfold", unfold, "im2col by a grouped convolution with one-hot kernels"),
    Replacement("torch.nn.functional", "fold", fold, "col2im by a grouped transposed convolution with one-hot kernels"),
    Replacement(
        "torch.nn.functional",
        "avg_pool2d",
        sum_pool2d,
        "avg_pool2d with divisor_override by a convolution with ones",
        "divisor_override",
    ),
    Replacement("torch.fft", "rfft2", fourier.rfft2, "fft_rfft2 by products with real cosines and sines"),
    Replacement("torch.fft", "irfft2", fourier.irfft2, "fft_irfft2 by products with real cosines and sines"),
    # here spectra are pairs of real numbers already
    Replacement("torch", "view_as_real", lambda pairs: pairs),
    Replacement("torch", "view_as_complex", lambda pairs: pairs),
)


@contextmanager
def replaced() -> Iterator[set[str]]:
    """Put the replacements in place; yields the set of those that were called, in words, which fills as they are."""
    used: set[str] = set()
    with ExitStack() as stack:
        for entry in REPLACEMENTS:
            if owner := sys.modules.get(entry.owner):
                call = _dispatched(entry, getattr(owner, entry.name), used)
                stack.enter_context(patch.object(owner, entry.name, call))
        yield used


def _dispatched(entry: Replacement, original: Callable, used: set[str]) -> Callable:
    """The replacement or, where it does not apply, the original."""

    def call(*args, **kwargs):
        if entry.only_with and entry.only_with not in kwargs:
            return original(*args, **kwargs)
        if entry.words:
            used.add(entry.words)
        return entry.function(*args, **kwargs)

    return call
