"""Learning rates that fall towards the end of the budget."""

import pytest
import torch

from lacuna.training.decay import Decay


def optimizer():
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": rate} for rate in (0.4, 0.1)]
    return {"network": torch.optim.SGD(groups)}


def rates_at(decay, optimizers, spent, own_schedule=None):
    decay.undo(optimizers)
    if own_schedule:
        optimizers["network"].param_groups[0]["lr"] = own_schedule
    decay.apply(optimizers, spent)
    return [group["lr"] for group in optimizers["network"].param_groups]


def test_constant_then_linear_to_zero():
    optimizers = optimizer()
    decay = Decay(optimizers, 0.6)
    assert rates_at(decay, optimizers, 0.0) == [0.4, 0.1]
    assert rates_at(decay, optimizers, 0.6) == [0.4, 0.1]
    assert rates_at(decay, optimizers, 0.8) == pytest.approx([0.2, 0.05])
    assert rates_at(decay, optimizers, 0.9) == pytest.approx([0.1, 0.025])  # of the first rate, not of the last


def test_the_systems_own_schedule_is_multiplied():
    optimizers = optimizer()
    assert rates_at(Decay(optimizers, 0.5), optimizers, 0.75, own_schedule=0.02) == pytest.approx([0.01, 0.05])


def test_a_restored_optimizer_does_not_decay_twice():
    optimizers = optimizer()
    rates_at(Decay(optimizers, 0.0), optimizers, 0.5)
    state = optimizers["network"].state_dict()
    again = optimizer()
    decay = Decay(again, 0.0)
    again["network"].load_state_dict(state)
    assert rates_at(decay, again, 0.75) == pytest.approx([0.1, 0.025])


def test_without_it_nothing_is_touched():
    optimizers = optimizer()
    decay = Decay(optimizers, None)
    optimizers["network"].param_groups[0]["lr"] = 0.03
    assert rates_at(decay, optimizers, 0.9) == [0.03, 0.1]
