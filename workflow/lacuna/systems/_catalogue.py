"""Every system at its authors' settings, measured: what `lacuna systems` prints."""

import dataclasses

from lacuna.systems import create, names, system_class


def catalogue() -> list[dict]:
    """`describe` of every system, by name."""
    return [describe(name) for name in names()]


def describe(name: str) -> dict:
    """JSON-ready: the facts of a system, its counted `parameters`, `macs_256` (null without a network), `settings`.

    forms: by name the `parameters`, `macs_256` and `parts` of the other networks that its settings make of it.
    """
    system = system_class(name)
    facts = dataclasses.asdict(system.facts)
    counted = {"parameters": 0, "macs_256": None}
    if system.facts.kind != "classical":
        counted = _measured(name, {})
        del counted["parts"]  # the facts' are finer
    forms = {form: _measured(name, settings) for form, settings in system.forms.items()}
    return {**facts, **counted, "settings": dataclasses.asdict(system.Recipe()), "forms": forms}


def _measured(name: str, settings: dict) -> dict:
    """Trainable `parameters` of everything that predicts, and of `parts`, those that only training uses included;
    `macs_256`: multiply-accumulates of one picture of 256×256 pixels."""
    import torch

    from lacuna.systems._counting import count, parameters_of

    with torch.device("meta"):  # shapes without numbers, so that the largest network costs nothing
        system = create(name, **settings)
        parts = {part: parameters_of(module) for part, module in system.modules().items()}
        counts = count(system.network, 256, 256)
    return {"parameters": counts.parameters, "macs_256": counts.macs, "parts": parts}
