"""What makes a training step quick without changing its mathematics; the loop and its benchmark use the same."""

from collections.abc import Mapping

import torch
from torch.optim import Optimizer

from lacuna.memory import hold_freed_memory

KEPT_BYTES = 1 << 30  # of what pretrained networks say of true pictures


def quicken(system, optimizers: Mapping[str, Optimizer]) -> None:
    """Set up a system whose backbones are loaded, and its optimisers, before either is wrapped.

    Parts lie in channels-last memory, Adam takes PyTorch's fused form, features of true pictures are kept, and so is
    memory that a step frees.
    """
    hold_freed_memory()
    system.kept.limit = KEPT_BYTES
    for module in system.modules().values():
        module.to(memory_format=torch.channels_last)
    for group in (group for each in optimizers.values() for group in each.param_groups):
        group["fused"] = True
