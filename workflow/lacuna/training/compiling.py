"""The network's steps compiled by PyTorch (`training: compile`)."""

import importlib.util
import os
import shutil

import torch
from torch import nn

from lacuna.errors import LacunaError


def compile_network(network: nn.Module, device: torch.device) -> None:
    """Have what the network computes in training compiled when it is first asked, for each size of pictures anew.

    In prediction it is computed as it is written: validations see batches of other sizes, which would be compiled, too.
    Names of weights stay, random numbers are those of PyTorch, sums are rounded otherwise. A machine without the
    compiler that PyTorch needs is a `LacunaError`.
    """
    require_compiler(device)
    written = network.forward
    compiled = torch.compile(written, options={"fallback_random": True})

    def forward(*given):
        return (compiled if network.training else written)(*given)

    network.forward = forward


def require_compiler(device: torch.device) -> None:
    """A `LacunaError` where PyTorch could not compile for the device: C++ for the CPU, Triton for a GPU."""
    if device.type == "cuda":
        if importlib.util.find_spec("triton") is None:
            raise LacunaError("training: compile needs the package triton on a GPU; install it, or leave 'compile' out")
        return
    name = os.environ.get("CXX", "g++")
    if shutil.which(name) is None:
        raise LacunaError(
            f"training: compile needs a C++ compiler, and '{name}' is not there; install it, name another in the "
            "environment variable CXX, or leave 'compile' out"
        )
