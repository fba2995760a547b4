"""Counts of a network: parameters and multiply-accumulates, as a whole and by part.

A multiply-accumulate (MAC) is one multiplication with its addition. Counted, operator by operator as they run, are the
convolutions (those that partial, gated and dynamic convolutions call included; transposed ones by their input, where
each value meets each kernel element once), the products of matrices (linear layers, attention) and the Fourier
transforms. Biases, normalisation, activations, pooling, resizing and element-wise products are not.
"""

import math
import re
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

aten = torch.ops.aten


@dataclass(frozen=True)
class Part:
    """Modules of a network that share a name but for its number. macs: of what runs inside their `forward`."""

    parameters: int = 0
    macs: int = 0


@dataclass(frozen=True)
class Counts:
    """parameters: trainable ones; macs: of one picture; fourier_macs: those of `macs` that are Fourier transforms."""

    parameters: int
    macs: int
    fourier_macs: int
    parts: dict[str, Part] = field(default_factory=dict)


def parameters_of(module: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(each.numel() for each in module.parameters() if each.requires_grad)


def count(network: nn.Module, height: int, width: int) -> Counts:
    """Counts of one picture of height × width pixels, in evaluation mode.

    A network on the meta device (shapes without numbers) is counted at no cost, however large it is. One that evaluates
    itself `evaluations` times for a picture does so once there, and that is multiplied.
    """
    device = next(network.parameters()).device
    image, mask = (torch.zeros(1, channels, height, width, device=device) for channels in (3, 1))
    with FlopCounterMode(display=False, custom_mapping=FOURIER) as counter, torch.no_grad():
        network.eval()(image, mask)
    repeated = getattr(network, "evaluations", 1) if device.type == "meta" else 1
    by_module = counter.get_flop_counts()
    found: dict[str, list[tuple[int, int]]] = {}
    for name, child in network.named_children():
        macs = repeated * sum(by_module.get(f"{type(network).__name__}.{name}", {}).values()) // 2
        found.setdefault(re.sub(r"_?\d+$", "", name), []).append((parameters_of(child), macs))
    return Counts(
        parameters_of(network),
        repeated * counter.get_total_flops() // 2,
        repeated * sum(operations for operator, operations in by_module["Global"].items() if operator in FOURIER) // 2,
        {name: Part(*map(sum, zip(*numbers, strict=True))) for name, numbers in found.items()},
    )


def _real_transform(x, dims, *_, out_shape=None, **__) -> int:
    """Operations of Fourier transforms between real and complex numbers: half of those between complex ones."""
    return _transform(max(x, out_shape, key=math.prod), dims) // 2


def _complex_transform(x, dims, *_, **__) -> int:
    return _transform(x, dims)


def _transform(shape, dims) -> int:
    """5 N log2 N operations for N points (Cooley, Tukey 1965, with the usual factor of the radix-2 algorithm)."""
    points = math.prod(shape[dim] for dim in dims)
    return round(5 * math.prod(shape) * math.log2(points)) if points > 1 else 0


FOURIER = {aten._fft_r2c: _real_transform, aten._fft_c2r: _real_transform, aten._fft_c2c: _complex_transform}
