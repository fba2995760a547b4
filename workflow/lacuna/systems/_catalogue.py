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
    """(trainable parameters of everything that predicts, multiply-accumulates of one picture of 256×256 pixels).

    The network lives on the meta device, shapes without numbers, so that the largest one costs nothing.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        network = create(name).network.eval()
        image, mask = torch.zeros(1, 3, 256, 256), torch.zeros(1, 1, 256, 256)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(image, mask)
    parameters = sum(each.numel() for each in network.parameters() if each.requires_grad)
    return parameters, counter.get_total_flops() // 2
