"""What stays in single precision while a training computes in bfloat16 (`training: precision: bf16-mixed`).

P. Micikevicius et al., "Mixed Precision Training", ICLR 2018: products of weights and features bear few bits, sums over
many numbers and what is exponentiated do not. PyTorch's autocast keeps some operators in single precision, others on a
GPU than on the CPU, and none that a system writes out itself. So the islands have names here, alike on all devices.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch.nn.utils import spectral_norm
from torch.nn.utils.spectral_norm import SpectralNorm

ISLANDS = {
    "normalisation": "a mean or a deviation is of thousands of numbers, and with 8 bits what is subtracted from values "
    "near it is off by as much as they differ",
    "attention": "scores, which are exponentiated: one of 10 has steps of 1/16 in bfloat16, which are 6 % of a weight",
    "likeness of patches": "as attention; patches' lengths and products are multiplied by 10 and exponentiated",
    "Fourier transform": "PyTorch has none in bfloat16, and every frequency is a sum over the whole map",
    "demodulation": "a sum of squares over all weights of a channel, and the inverse of its root",
    "mean style": "it moves by half a per cent of a difference in every step, less than bfloat16 tells apart",
    "group deviation": "how much pictures differ is a small number beside the numbers themselves",
    "spectral norm": "the power iteration goes on from step to step, and its vectors are kept in the state",
    "gradient penalty": "it differentiates twice, so that the rounding of one gradient becomes the other's signal",
    "Gram matrix": "a sum over all pixels, whose differences are small beside it",
}
"""Name → reason. What lies outside the networks' forward passes is in single precision anyway: losses and the sums over
them, composites, masks, gradients as optimisers see them, weights, their average and Adam's moments."""

_AUTOCAST = ("cpu", "cuda")  # devices that Lightning Fabric computes in bfloat16 on

_Given = ParamSpec("_Given")
_Returned = TypeVar("_Returned")


def island(name: str) -> Callable[[Callable[_Given, _Returned]], Callable[_Given, _Returned]]:
    """Decorates a function of tensors (the first tells the device) that is one of `ISLANDS`.

    Where autocast is on, it is off in the function, and what is in bfloat16 comes as float32. Elsewhere the function is
    called as it is, so that no bit changes.
    """
    assert name in ISLANDS, f"{name!r} has no reason among the islands"

    def decorate(function: Callable[_Given, _Returned]) -> Callable[_Given, _Returned]:
        @wraps(function)
        def alone(*args: _Given.args, **kwargs: _Given.kwargs) -> _Returned:
            return computed(name, function, args, kwargs)

        return alone

    return decorate


def computed(name: str, function: Callable[..., Any], args: tuple, kwargs: dict) -> Any:
    """`function(*args, **kwargs)` as the island `name`."""
    device = next(each.device.type for each in args if isinstance(each, Tensor))
    if not mixed(device):
        return function(*args, **kwargs)
    with torch.autocast(device, enabled=False):
        return function(*map(_single, args), **kwargs)


def mixed(device: str) -> bool:
    """Whether products are computed in another number format than their tensors have, on a type of device."""
    return device in _AUTOCAST and torch.is_autocast_enabled(device)


def in_bfloat16(wanted: bool, like: Tensor) -> AbstractContextManager:
    """For frozen networks, which no wrapper is put around: products on the device of `like` in bfloat16, if wanted."""
    return torch.autocast(like.device.type, torch.bfloat16) if wanted else nullcontext()


@island("attention")
def scores(query: Tensor, key: Tensor) -> Tensor:
    """The product of matrices query …×Q×C and key …×C×K."""
    return query @ key


@island("attention")
def softmax(likeness: Tensor, dimension: int) -> Tensor:
    """Weights that sum up to 1 along a dimension."""
    return likeness.softmax(dimension)


def spectrally_normalised(layer: torch.nn.Module) -> torch.nn.Module:
    """The layer, its weight divided by its spectral norm (PyTorch's `spectral_norm`), computed as an island."""
    spectral_norm(layer)
    for hook in layer._forward_pre_hooks.values():
        if isinstance(hook, SpectralNorm):
            hook.__class__ = _SpectralNorm
    return layer


class _SpectralNorm(SpectralNorm):
    def compute_weight(self, module: torch.nn.Module, do_power_iteration: bool) -> Tensor:
        def normalised(weight: Tensor) -> Tensor:
            return SpectralNorm.compute_weight(self, module, do_power_iteration)

        return computed("spectral norm", normalised, (getattr(module, self.name + "_orig"),), {})


def _single(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.dtype == torch.bfloat16 else value
