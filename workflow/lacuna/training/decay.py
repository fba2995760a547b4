"""A run's own additions to a system's schedule: another rate, and rates that fall to zero towards the budget's end.

With a constant rate the weights of a short training are wherever its last noisy step left them.
"""

from torch.optim import Optimizer


class Decay:
    """Learning rates × `factor` up to the fraction `start` of the budget, from there linearly to 0 at its end.

    Made before a state is restored: the rates that it multiplies are the optimisers' first ones, or those that the
    system's own schedule sets before each step. start: None for no fall. factor: None for the system's own rates.
    """

    def __init__(self, optimizers: dict[str, Optimizer], start: float | None, factor: float | None = None):
        self.start, self.factor = start, factor
        self.rates = {name: [group["lr"] for group in each.param_groups] for name, each in optimizers.items()}

    def undo(self, optimizers: dict[str, Optimizer]) -> None:
        """Before the system's own schedule: the rates as they were at first."""
        if self.start is not None or self.factor is not None:
            for name, rates in self.rates.items():
                for group, rate in zip(optimizers[name].param_groups, rates, strict=True):
                    group["lr"] = rate

    def apply(self, optimizers: dict[str, Optimizer], spent: float) -> None:
        """After it. spent: fraction of the budget used, in [0, 1)."""
        falling = self.start is not None and spent > self.start
        for group in (group for each in optimizers.values() for group in each.param_groups):
            if self.factor is not None:
                group["lr"] *= self.factor
            if falling and self.start is not None:
                group["lr"] *= (1 - spent) / (1 - self.start)
