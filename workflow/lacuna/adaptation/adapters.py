"""Low-rank adapters: a small correction of each convolution learns, and the convolution itself stays.

E. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022 (arXiv 2106.09685), on convolutions: a
kernel W of D×C×h×w, seen as a matrix D×(C·h·w), becomes W + scale · B·A with B of D×r and A of r×(C·h·w). B begins at
0, so that the network begins as it was. Merged, the network is again one without adapters.
"""

from fnmatch import fnmatch
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from lacuna.errors import LacunaError


class LowRank(nn.Module):
    """W → W + scale · B·A. weight: the first W, for its shape. The rank is at most that of the matrix."""

    def __init__(self, weight: Tensor, rank: int, scale: float):
        super().__init__()
        rows, columns = len(weight), weight[0].numel()
        rank = min(rank, rows, columns)
        self.scale = scale
        self.down = nn.Parameter(weight.new_empty(rank, columns).normal_(std=columns**-0.5))
        self.up = nn.Parameter(weight.new_zeros(rows, rank))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.scale * (self.up @ self.down).view_as(weight)


def attach(network: nn.Module, rank: int, scale: float, names: tuple[str, ...] = ("*",)) -> list[nn.Parameter]:
    """Adapters on the convolutions, plain and transposed, whose names match a shell pattern; what learns now.

    All other parameters of the network stay. A rank below 1, and patterns that no convolution's name matches, are a
    `LacunaError`.
    """
    if rank < 1:
        raise LacunaError(f"the rank of adapters is at least 1, not {rank}")
    chosen = [
        module
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and any(fnmatch(name, pattern) for pattern in names)
    ]
    if not chosen:
        raise LacunaError(f"no convolution has a name like {', '.join(names)}, so nothing can have an adapter")
    network.requires_grad_(False)
    learning = []
    for module in chosen:
        adapter = LowRank(module.weight.detach(), rank, scale)
        # `unsafe`: its check would run the adapter once more; the shape is right by construction
        parametrize.register_parametrization(module, "weight", adapter, unsafe=True)
        learning += [adapter.down, adapter.up]
    return learning


def merge(network: nn.Module) -> None:
    """Every adapter becomes part of its convolution's weight, and is gone."""
    for module in list(network.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)


def merged_state(network: nn.Module) -> dict[str, Tensor]:
    """Copies of the state that the network will have once its adapters are merged, under its own keys."""
    state = {}
    with torch.no_grad():
        for key, value in network.state_dict().items():
            owner, adapted, rest = key.partition(".parametrizations.weight.")
            if not adapted:
                state[key] = value.clone()
            elif rest == "original":
                module: Any = network.get_submodule(owner)
                state[f"{owner}.weight"] = module.weight.clone()
    return state
