"""What makes a training step quick without changing its mathematics; the loop and its benchmark use the same."""

import ctypes
import sys
from collections.abc import Mapping
from typing import Any

import torch
from torch.optim import Optimizer

KEPT_BYTES = 1 << 30  # of what pretrained networks say of true pictures
# Options of glibc's mallopt (malloc.h) and their values: of a training, and those that glibc itself arrives at
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
HELD = {M_TRIM_THRESHOLD: -1, M_MMAP_MAX: 0}  # -1: never
RETURNED = {M_TRIM_THRESHOLD: 2**26, M_MMAP_THRESHOLD: 2**25, M_MMAP_MAX: 2**16}


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


def hold_freed_memory(held: bool = True) -> None:
    """Whether this process keeps the memory of large tensors when they are freed; without glibc nothing happens.

    By itself, glibc returns blocks above 32 MiB and the end of its heap to the system, which hands them out again page
    by page, filled with zeros, in every step.
    """
    libc: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
    if not hasattr(libc, "mallopt"):
        return
    for option, value in (HELD if held else RETURNED).items():
        libc.mallopt(option, value)
    if not held:
        libc.malloc_trim(0)  # what is held now
