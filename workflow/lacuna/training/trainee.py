"""A system that is trained, on its device, with all that changes it in a step."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from lacuna import systems
from lacuna.canonical import seed_of
from lacuna.data.sizes import width_and_height
from lacuna.errors import LacunaError
from lacuna.memory import as_memory_error
from lacuna.nn.devices import choose_device
from lacuna.training.average import Average
from lacuna.training.compiling import compile_network
from lacuna.training.decay import Decay
from lacuna.training.engine import quicken
from lacuna.training.freezing import Frozen
from lacuna.training.initial import load_initial
from lacuna.training.parts import InParts
from lacuna.training.precision import fabric_precision, set_precision
from lacuna.training.ranks import Ranks
from lacuna.training.results import parameter_counts
from lacuna.training.settings import Settings


class Trainee:
    """A new system, drawn by the seed or begun with `initial_weights`.

    settings: with the numbers of iterations and of images a step that are really used. gpus: 0 or 1, of this process.
    `free_until` is the share of the budget up to which steps do not depend on its length; `part` the most images that
    are computed at once; `begun` says in words what it began with.
    """

    def __init__(
        self, settings: Settings, system, backbones: Path, gpus: int, initial_weights: Path | None, ranks: Ranks
    ):
        self.system, self.budget, self.ranks = system, settings.training, ranks
        self.names = (settings.system, settings.source, settings.seed)
        self.average = Average(system.network, self.budget.ema)
        self.begun = "" if initial_weights is None else self._begin_with(initial_weights)
        self.device = choose_device(gpus)
        self.fabric = Fabric(
            accelerator=self.device.type,
            devices=1 if self.device.type == "cpu" else [self.device.index],
            **fabric_precision(self.budget.precision, self.device),
        )
        system.load_backbones(backbones, self.device)
        set_precision(system, self.budget.precision, self.budget.tf32)
        own = system.optimizers()
        quicken(system, own)
        self.frozen = Frozen(self.budget.freeze, system.modules(), own)
        self.parameters = parameter_counts(system)
        self.optimizers: dict[str, Any] = {name: self.fabric.setup_optimizers(each) for name, each in own.items()}
        if self.budget.compile:
            compile_network(system.network, self.device)
        for name, module in system.modules().items():
            setattr(system, name, self.fabric.setup_module(module))
        if self.average.network is not None:
            self.average.network = self.fabric.setup_module(self.average.network)
        factor = self.budget.learning_rate and self.budget.learning_rate / system.recipe.learning_rate
        self.decay = Decay(self.optimizers, self.budget.decay_from, factor)
        self.free_until = min(1.0 if self.budget.decay_from is None else self.budget.decay_from, system.free_until)
        parts = self.budget.accumulate * ranks.number
        self.in_parts = InParts(system, self.optimizers, self._backward, ranks.total) if parts > 1 else None
        self.part = -(-self.batch_size // parts)

    @property
    def batch_size(self) -> int:
        """Images a step."""
        assert self.budget.batch_size, "the settings say how many images a step are really used"
        return self.budget.batch_size

    def modules(self) -> dict[str, torch.nn.Module]:
        """Everything that a state must hold."""
        return self.system.modules() | self.average.parts()

    def step(self, step: int, share: float, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """One step, after `step` others at this share of the budget; its losses. image, mask: this rank's rows."""
        if self.ranks.rank:  # whose random state no file keeps
            torch.manual_seed(seed_of("step", *self.names, step, self.ranks.rank))
        with self.enough_memory():
            image, mask = (each.to(self.device, memory_format=torch.channels_last) for each in (image, mask))
            self.decay.undo(self.optimizers)
            self.system.before_step(step, share, self.optimizers)
            self.decay.apply(self.optimizers, share)
            self.frozen.hold()
            self.system.feature_losses = step % self.budget.feature_losses_every == 0
            losses = self._learn(image, mask)
            self.average.update(self.system.network, step + 1)
            return losses

    @contextmanager
    def enough_memory(self) -> Iterator[None]:
        """Too little memory in the block is a `LacunaError` that names the settings to change."""
        try:
            with as_memory_error():
                yield
        except MemoryError as error:
            reason = " ".join(str(error).split())[:300] or "no memory is left"
            ways = "lower 'image_size', or widths among the system's 'settings'"
            if self.part > 1:
                ways = (
                    f"under 'training', raise 'accumulate' (now {self.budget.accumulate}) or lower 'batch_size' (now "
                    f"{self.batch_size})"
                )
            raise LacunaError(
                f"training '{self.system.facts.name}' needs more memory than there is for {self.part} "
                f"{'images' if self.part > 1 else 'image'} at once ({reason}); {ways}"
            ) from None

    # ------------------------------------------------------------------ inside

    def _begin_with(self, weights: Path) -> str:
        filled = load_initial(self.system, weights, self.average)
        new = [name for name in self.system.modules() if name not in filled]
        return f"begins with {', '.join(filled)} of {weights}" + (f"; new: {', '.join(new)}" if new else "")

    def _learn(self, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        if self.in_parts is None:
            return self.system.training_step(image, mask, self.optimizers, self._backward)
        number = self.budget.accumulate
        parts = list(zip(image.tensor_split(number), mask.tensor_split(number), strict=True))
        return self.in_parts.step(parts, self.batch_size)

    def _backward(self, loss: Tensor) -> None:
        if loss.requires_grad:  # not that of a part that is frozen
            self.fabric.backward(loss)


def drawn(settings: Settings) -> tuple[Settings, Any]:
    """A new system by the seed, and the settings with its own numbers where the run has none."""
    torch.manual_seed(seed_of("train", settings.system, settings.source, settings.seed))
    own = {"image_size": max(width_and_height(settings.image_size)), **settings.settings}
    system = systems.create(settings.system, **own)
    return settings.with_numbers_of(system.recipe), system
