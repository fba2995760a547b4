"""Whether a system can be adapted by an experiment, asked of the system itself before anything runs, and remembered.

As in `lacuna.plan.remembered_facts`: the question takes torch, so the answer is kept under the digest of the
code that gave it.
"""

from pathlib import Path

from lacuna.adaptation.experiments import Experiment
from lacuna.canonical import canonical_json, digest
from lacuna.digests import code_digest
from lacuna.errors import LacunaError
from lacuna.files import read_json, write_json


def fitness(name: str, settings: dict, experiment: Experiment, losses: str | None, cache_folder: Path) -> dict:
    """`reason`: why it cannot be done, or empty; `discriminator`: whether a trained discriminator is needed for it.

    name, settings: of the system. losses: `thesis`, `own` or None, as of `lacuna.adaptation.adapting.adapt`.
    """
    from lacuna import systems

    code = code_digest((f"{systems.__name__}.{name}", "lacuna.adaptation.adapting", __name__))
    asked = canonical_json([settings, experiment.settings(), losses])
    remembered = cache_folder / "fitness" / f"{digest(name, asked, code)}.json"
    if not remembered.exists():
        write_json(remembered, _asked(systems, name, settings, experiment, losses))
    return read_json(remembered)


def _asked(systems, name: str, settings: dict, experiment: Experiment, losses: str | None) -> dict:
    import torch

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
