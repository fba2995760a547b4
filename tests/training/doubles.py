"""Trainings that are stopped, and what they leave."""

import os
import signal

import pytest

from lacuna import systems
from lacuna.errors import LacunaError

AOTGAN = systems.system_class("aotgan")
DECLARED = ("weights.safetensors", "losses.csv", "validation.csv", "samples.png")


def contents(folder):
    """The bytes of what a training declares, its state and its record apart, which hold times."""
    return {name: (folder / name).read_bytes() for name in DECLARED}


def at_step(monkeypatch, step, action, cls=AOTGAN):
    """Have `action(losses)` change the losses of one step, counted from 1 in this process."""
    original, done = cls.training_step, []

    def training_step(self, *args):
        done.append(None)
        losses = original(self, *args)
        return action(losses) if len(done) == step else losses

    monkeypatch.setattr(cls, "training_step", training_step)


def interrupt(losses):
    """The action of a SIGTERM."""
    os.kill(os.getpid(), signal.SIGTERM)
    return losses


def stopped_at(monkeypatch, step, job, *args, **budget):
    """Train, and stop after `step` steps of this process."""
    with monkeypatch.context() as patch:
        at_step(patch, step, interrupt)
        with pytest.raises(LacunaError, match="training was interrupted"):
            job(*args, **budget)
