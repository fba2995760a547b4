"""Weights that a training begins with instead of random ones: fine-tuning."""

from pathlib import Path

from lacuna.systems._reading import read_metadata, read_note
from lacuna.systems._released import load_strictly
from lacuna.training.state import read_parts


def load_initial(system, path: Path) -> list[str]:
    """Load a file into the parts of a system; returns the names of those that it fills.

    A `training_state.safetensors` fills all parts; weights of ours, and released ones in their authors' names, fill the
    network. A file that does not fit is a `LacunaError`; the averages and discriminators that it lacks stay new.
    """
    system._load_weights(path)
    if "parts" not in (read_note(read_metadata(path), path) or {}):
        return ["network"]
    parts = read_parts(path)
    filled = [name for name in system.modules() if name in parts]
    for name in filled:
        module = system.modules()[name]
        names = {key: key for key in module.state_dict()}
        load_strictly(module, parts[name], names, f"the {name} of system '{system.facts.name}' ({path})")
    return filled
