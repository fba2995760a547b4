"""Every system at its authors' settings, measured: what `lacuna systems` prints."""

import dataclasses

from lacuna.systems import create, names, system_class


def catalogue() -> list[dict]:
    """`describe` of every system, by name."""
    return [describe(name) for name in names()]


def describe(name: str) -> dict:
    """JSON-ready: the facts of a system, its counted `parameters`, `macs_256` (null without a network), `settings`."""
    facts = system_class(name).facts
    parameters, macs = (0, None) if facts.kind == "classical" else _measured(name)
    described = {**dataclasses.asdict(facts), "parameters": parameters, "macs_256": macs}
    return {**described, "settings": dataclasses.asdict(system_class(name).Recipe())}


def _measured(name: str) -> tuple[int, int]:
    """(trainable parameters of everything that predicts, multiply-accumulates of one picture of 256×256 pixels)."""
    import torch

    from lacuna.systems._counting import count

    with torch.device("meta"):  # shapes without numbers, so that the largest network costs nothing
        counts = count(create(name).network, 256, 256)
    return counts.parameters, counts.macs
