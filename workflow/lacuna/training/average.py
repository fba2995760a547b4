"""A moving average of a network's weights, whose noise is less than that of any single step.

B. T. Polyak, A. B. Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM Journal on Control and
Optimization 1992, with weights that fall off exponentially.
"""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

PART = "average"  # its name among the parts of a training's state


class Average:
    """The average of a network's parameters and statistics; what is no floating-point number is the network's own.

    decay: what is left of the former average after a step; None: no average is kept, and the network stands for itself.
    In step t (from 1) it is (1 + t) / (10 + t) at most, so that a short training forgets its random beginning, too.
    """

    def __init__(self, network: nn.Module, decay: float | None):
        self.decay = decay
        self.network = None if decay is None else copy.deepcopy(network).requires_grad_(False)

    def parts(self) -> dict[str, nn.Module]:
        """What a state must hold besides the system's modules."""
        return {} if self.network is None else {PART: self.network}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """After step `step`, counted from 1."""
        if self.network is None or self.decay is None:
            return
        new, share = network.state_dict(), 1 - min(self.decay, (1 + step) / (10 + step))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                value.lerp_(new[name], share)
            else:
                value.copy_(new[name])

    @contextmanager
    def standing_in(self, system) -> Iterator[None]:
        """While entered, the average is the system's network."""
        own = system.network
        system.network = own if self.network is None else self.network
        try:
            yield
        finally:
            system.network = own


def that_predicts(parts: Mapping[str, dict]) -> dict:
    """Of the parts of a state, the weights to predict with."""
    return parts.get(PART, parts["network"])
