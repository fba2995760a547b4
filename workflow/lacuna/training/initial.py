"""Weights that a training begins with instead of random ones: fine-tuning."""

from pathlib import Path

from torch import nn

from lacuna.systems._reading import read_metadata, read_note
from lacuna.systems._released import load_strictly
from lacuna.training.average import Average, that_predicts
from lacuna.training.state import read_parts


def load_initial(system, path: Path, average: Average) -> list[str]:
    """Load a file into the parts of a system and the average; returns the names of those that it fills.

    A `training_state.safetensors` fills all parts; weights of ours, and released ones in their authors' names, fill the
    network. A file that does not fit is a `LacunaError`; the discriminators that it lacks stay new. Where the file or
    this training has no average, both begin with the weights that the file predicts with.
    """
    system._load_weights(path)
    modules: dict[str, nn.Module] = {**system.modules(), **average.parts()}
    parts = {"network": system.network.state_dict()}
    if "parts" in (read_note(read_metadata(path), path) or {}):
        parts = read_parts(path)
        if average.network is None:
            parts["network"] = that_predicts(parts)
    filled = [name for name in modules if name in parts]
    for name in average.parts():
        parts.setdefault(name, parts["network"])
    for name, module in modules.items():
        if name in parts:
            names = {key: key for key in module.state_dict()}
            load_strictly(module, parts[name], names, f"the {name} of system '{system.facts.name}' ({path})")
    return filled
