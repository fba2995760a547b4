"""Whether a system can be adapted by an experiment, asked of the system itself before anything runs, and remembered.

As in `lacuna.plan.remembered_facts`: the question takes torch, so the answer is recorded for the shipped configs, and
else kept under the digest of the code that gave it.
"""

from functools import partial
from pathlib import Path

from lacuna import recorded
from lacuna.adaptation.experiments import Experiment
from lacuna.canonical import canonical_json, digest
from lacuna.errors import LacunaError


def fitness(name: str, settings: dict, experiment: Experiment, losses: str | None, cache_folder: Path) -> dict:
    """`reason`: why it cannot be done, or empty; `discriminator`: whether a trained discriminator is needed for it.

    name, settings: of the system. losses: `thesis`, `own` or None, as of `lacuna.adaptation.adapting.adapt`.
    """
    asked = question(settings, experiment, losses)
    what = f"whether system '{name}' can be adapted like this"
    ask = partial(asked_fitness, name, settings, experiment, losses)
    return recorded.remembered("fitness", name, asked, deciding(name), cache_folder, ask, what)


def question(settings: dict, experiment: Experiment, losses: str | None) -> str:
    """A digest of what the answer depends on, but for the system's name and the code."""
    return digest(canonical_json([settings, experiment.settings(), losses]))


def deciding(name: str) -> tuple[str, ...]:
    """The modules that say whether a system can be adapted."""
    return (f"lacuna.systems.{name}", "lacuna.adaptation.adapting", __name__)


def asked_fitness(name: str, settings: dict, experiment: Experiment, losses: str | None) -> dict:
    """The same, asked of the system in any case."""
    import torch

    from lacuna import systems
    from lacuna.adaptation.adapting import losses_of, require_adaptable
    from lacuna.adaptation.learning import learner_of, needs_discriminator

    with torch.device("meta"):  # shapes without numbers: no memory, no time
        system = systems.create(name, **settings)
        try:
            require_adaptable(system, experiment)
            if experiment.method == "adapt":
                losses_of(system, losses)
                learner_of(system, experiment)
        except LacunaError as error:
            return {"reason": str(error), "discriminator": False}
        return {"reason": "", "discriminator": needs_discriminator(system, experiment)}
