"""A step whose batch is computed in parts, one after the other and on one device or several, as if it were one.

A system's `training_step` updates by itself, some networks before others look through them. So it is run once for each
part, and for each update in turn (a phase): all parts give their gradients, then the update is made, and the next phase
runs again what led to it, with the weights, statistics and random numbers that it had. What the way back needs is in
memory for one part at a time. A device's only part goes through all updates at once, beside those of other devices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lacuna.training.state import random_state, set_random_state

Part = tuple[Tensor, Tensor]
Total = Callable[[list[Tensor]], None]


class _PhaseEnded(Exception):
    """A part has given what this phase asks of it."""


@dataclass
class _Phase:
    """Everything between two updates. gradients: of each way back, by the parameter's number, over the parts so far.

    before, after: values of the parameters that its update changes, by number. buffers: as it leaves them.
    """

    gradients: list[dict[int, Tensor]] = field(default_factory=list)
    before: dict[int, Tensor] = field(default_factory=dict)
    after: dict[int, Tensor] = field(default_factory=dict)
    buffers: list[Tensor] = field(default_factory=list)


class InParts:
    """Steps of a system in parts.

    optimizers, backward: as its `training_step` takes them. total: sums tensors, in place, over all devices that
    compute parts of the same batch, in the same order of calls. Gradients and losses are means over all images; so are
    statistics (of batch normalisation, which normalises each part by its own mean and deviation).
    """

    def __init__(
        self,
        system,
        optimizers: Mapping[str, torch.optim.Optimizer],
        backward: Callable[[Tensor], None],
        total: Total = lambda tensors: None,
    ):
        self.system, self.optimizers, self.backward, self.total = system, optimizers, backward, total
        # past the wrappers that training puts around modules, which a system may go past, too
        self.modules = [getattr(module, "module", module) for module in system.modules().values()]
        self.parameters = [each for module in self.modules for each in module.parameters()]
        self.number = {parameter: number for number, parameter in enumerate(self.parameters)}
        self.run: _Run | None = None
        for module in self.modules:
            module.register_forward_pre_hook(self._before_forward)

    def step(self, parts: Sequence[Part], images: int) -> dict[str, Tensor]:
        """One update from (image, mask) parts; `images` are those of the whole batch. Losses as of `training_step`."""
        learning = [each.requires_grad for each in self.parameters]
        begun, done, random = self._copied_buffers(), list[_Phase](), list[dict[str, Tensor]]()
        while True:
            phase, losses = _Phase(), list[dict[str, Tensor]]()
            start = done[-1].buffers if done else begun
            moved = [torch.zeros_like(each) for each in start if each.is_floating_point()]
            for number, (image, mask) in enumerate(parts):
                self._go_back(done, begun, learning)
                if done:
                    set_random_state(random[number])
                else:
                    random.append(random_state())
                share = len(image) / images
                self.run = run = _Run(self, done, phase, share, number == len(parts) - 1, len(parts) == 1)
                try:
                    found = self.system.training_step(image, mask, run.optimizers, run.backward)
                    losses.append({name: share * loss for name, loss in found.items()})
                except _PhaseEnded:
                    pass
                finally:
                    self.run = None
                self._add_moves(moved, start, share)
            self.total(moved)
            self._move_buffers(start, moved)
            phase.buffers, phase.gradients = self._copied_buffers(), []
            done.append(phase)
            if losses:
                summed = {name: torch.stack([each[name] for each in losses]).sum() for name in losses[0]}
                self.total(list(summed.values()))
                return summed

    # ------------------------------------------------------------------ inside

    def _before_forward(self, module: nn.Module, given) -> None:
        if self.run is not None:
            self.run.goes_on()

    def _buffers(self) -> list[Tensor]:
        # as data: what autograd has saved of them is not changed by putting the same values back
        return [each.data for module in self.modules for each in module.buffers()]

    def _copied_buffers(self) -> list[Tensor]:
        return [each.clone() for each in self._buffers()]

    def _go_back(self, done: list[_Phase], begun: list[Tensor], learning: list[bool]) -> None:
        """To how the step began."""
        for phase in reversed(done):
            self._put(phase.before)
        for buffer, value in zip(self._buffers(), begun, strict=True):
            buffer.copy_(value)
        for parameter, learns in zip(self.parameters, learning, strict=True):
            parameter.requires_grad_(learns)

    def _put(self, values: dict[int, Tensor]) -> None:
        for number, value in values.items():
            self.parameters[number].data.copy_(value)

    def _repeat_update(self, phase: _Phase) -> None:
        self._put(phase.after)
        for buffer, value in zip(self._buffers(), phase.buffers, strict=True):
            buffer.copy_(value)

    def _add_moves(self, moved: list[Tensor], start: list[Tensor], share: float) -> None:
        """Add a part's share of how statistics moved."""
        pairs = [pair for pair in zip(self._buffers(), start, strict=True) if pair[1].is_floating_point()]
        for sum_, (buffer, before) in zip(moved, pairs, strict=True):
            sum_.add_(buffer - before, alpha=share)

    def _move_buffers(self, start: list[Tensor], moved: list[Tensor]) -> None:
        """Floating-point ones by the mean; others are what the last part left."""
        pairs = [pair for pair in zip(self._buffers(), start, strict=True) if pair[1].is_floating_point()]
        for (buffer, before), move in zip(pairs, moved, strict=True):
            buffer.copy_(before + move)

    def _numbers(self, optimizer: torch.optim.Optimizer) -> list[int]:
        return [self.number[each] for group in optimizer.param_groups for each in group["params"]]

    def _total_gradients(self, made: dict[int, Tensor]) -> None:
        """Over devices, which may reach different parameters."""
        like = self.parameters[0]
        reached = torch.tensor([float(number in made) for number in range(len(self.parameters))], device=like.device)
        self.total([reached])
        for number, count in enumerate(reached.tolist()):
            if count and number not in made:
                made[number] = torch.zeros_like(self.parameters[number])
        self.total([made[number] for number in sorted(made)])


class _Run:
    """One part in one phase: `training_step` as far as the phase's end; what earlier phases did is not done again."""

    def __init__(self, whole: InParts, done: list[_Phase], phase: _Phase, share: float, last: bool, only: bool):
        self.whole, self.done, self.phase, self.share, self.last, self.only = whole, done, phase, share, last, only
        self.optimizers = {name: _Optimizer(self, each) for name, each in whole.optimizers.items()}
        self.at = 0  # the phase that it goes through
        self.ways_back = 0  # in that phase
        self.updated = False  # so that whatever comes next is the next phase

    @property
    def now(self) -> bool:
        """Whether it is in the phase that it is run for."""
        return self.at == len(self.done)

    def goes_on(self) -> None:
        """Something is computed: after an update it belongs to the next phase."""
        if self.only or not self.updated:
            return
        if self.now:
            raise _PhaseEnded
        self.at, self.ways_back, self.updated = self.at + 1, 0, False

    def backward(self, loss: Tensor) -> None:
        """Gradients of all parts so far; the last part's are put where optimisers look for them."""
        self.goes_on()
        if not self.now:
            return
        parameters, gradients = self.whole.parameters, self.phase.gradients
        held = [each.grad for each in parameters]
        for parameter in parameters:
            parameter.grad = None
        self.whole.backward(loss * self.share)
        if self.ways_back == len(gradients):
            gradients.append({})
        made = gradients[self.ways_back]
        self.ways_back += 1
        for number, parameter in enumerate(parameters):
            if parameter.grad is not None:
                made[number] = parameter.grad if number not in made else made[number].add_(parameter.grad)
            parameter.grad = held[number]
        if self.last:
            self.whole._total_gradients(made)
            for number, gradient in made.items():
                before = held[number]
                parameters[number].grad = gradient if before is None else before + gradient
            made.clear()

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """An update; by the last part of its own phase alone."""
        if not self.now:
            if not self.updated:
                self.whole._repeat_update(self.done[self.at])
        elif self.only:
            optimizer.step()
        elif self.last:
            numbers = self.whole._numbers(optimizer)
            self.phase.before |= {number: self.whole.parameters[number].detach().clone() for number in numbers}
            optimizer.step()
            self.phase.after |= {number: self.whole.parameters[number].detach().clone() for number in numbers}
        self.updated = True


class _Optimizer:
    """An optimiser as a part sees it."""

    def __init__(self, run: _Run, own: torch.optim.Optimizer):
        self.run, self.own, self.param_groups = run, own, own.param_groups

    def zero_grad(self) -> None:
        self.run.goes_on()
        if self.run.now:
            self.own.zero_grad()

    def step(self) -> None:
        self.run.step(self.own)
