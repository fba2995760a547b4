"""How large a system is at its settings, as far as a cluster's scheduler must know."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lacuna.systems import create
from lacuna.systems._counting import count

SIDE = 256  # pixels; enlarged for a network that takes no picture of this size


def scale(name: str, settings: dict) -> dict[str, int]:
    """`parameters` of all parts, those that only training uses included; of a square picture of `SIDE` pixels, per
    pixel: `macs` (multiply-accumulates) and `activations` (numbers that operators put out) of the network.

    `batch_size` and `iterations` are the authors', 0 for a system without them.
    """
    # shapes without numbers, so that the largest network costs nothing; deterministic operators put out other ones
    with torch.device("meta"), _any_operators():
        system = create(name, **settings)
        side = system.padded_size(SIDE)
        with _Made() as made:
            macs = count(system.network, side, side).macs
        parameters = sum(each.numel() for part in system.modules().values() for each in part.parameters())
    return {
        "parameters": parameters,
        "macs": round(macs / side**2),
        "activations": round(made.numbers / side**2),
        "batch_size": getattr(system.recipe, "batch_size", 0),
        "iterations": getattr(system.recipe, "iterations", 0),
    }


@contextmanager
def _any_operators() -> Iterator[None]:
    """Whatever a training in this process asked for, PyTorch need not be deterministic here."""
    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("default")
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)


class _Made(TorchDispatchMode):
    """Counts the numbers that operators put out, views of what is there left out."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        put_out = func(*args, **(kwargs or {}))
        if not any(each.alias_info for each in func._schema.returns):
            self.numbers += sum(each.numel() for each in tree_leaves(put_out) if isinstance(each, torch.Tensor))
        return put_out
