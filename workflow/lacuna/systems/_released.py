"""Loading weights strictly, whoever saved them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lacuna.errors import LacunaError
from lacuna.systems._reading import mapping_of_names, read_tensors

# Names under which checkpoints keep weights, or which stand with a dot before their keys: of one part, and of anything.
NAMES_OF_PARTS = {"network": ("generator", "netG", "G"), "discriminator": ("discriminator", "netD", "D")}
NAMES_OF_NETWORKS = ("model", "net")
CONTAINERS = ("state_dict", "model_state_dict", "params")
WRAPPER = "module."  # before every key of a network that several GPUs trained


def opened(mapping_or_path) -> Mapping:
    """What a file of weights holds, or the mapping itself; what has no names is a `LacunaError`."""
    if isinstance(mapping_or_path, str | Path):
        return read_tensors(mapping_or_path)[0]
    return mapping_of_names(mapping_or_path, "the weights")


def unwrap(mapping: Mapping, wanted: set[str], part: str = "network") -> dict[str, object]:
    """The arrays of one part of a checkpoint under the names that `wanted` has, as far as wrappers hide them.

    Nested containers (`state_dict`, …; `netG` for the network, `netD` for the discriminator) are opened. The prefix
    `module.` is taken off where it stands. If a prefix says which network a key is of (`generator.`, `netD.`, …), keys
    without it are dropped: they are the other networks of the checkpoint. A container that holds itself is a
    `LacunaError`.
    """
    networks = (*NAMES_OF_PARTS.get(part, (part,)), *NAMES_OF_NETWORKS)
    opened_before = set()
    while not wanted & mapping_of_names(mapping, "the weights").keys():
        if id(mapping) in opened_before:
            raise LacunaError("the weights hold themselves, so that there is no end to opening them; get another file")
        opened_before.add(id(mapping))
        inside = next((name for name in (*CONTAINERS, *networks) if isinstance(mapping.get(name), Mapping)), None)
        if inside is not None:
            mapping = mapping[inside]
            continue
        opened_before.clear()  # what follows are new mappings, with shorter keys each time
        if any(key.startswith(WRAPPER) for key in mapping):
            mapping = {key.removeprefix(WRAPPER): value for key, value in mapping.items()}
            continue
        prefix = next((f"{name}." for name in networks if any(key.startswith(f"{name}.") for key in mapping)), None)
        if prefix is None:
            break
        mapping = {key.removeprefix(prefix): value for key, value in mapping.items() if key.startswith(prefix)}
    return dict(mapping)


def as_tensors(arrays: Mapping[str, object], wanted: set[str], what: str) -> dict[str, object]:
    """The same with tensors for arrays (tensors or NumPy); a wanted name without an array is a `LacunaError`."""
    converted = dict(arrays)
    for key, value in arrays.items():
        try:
            if isinstance(value, np.ndarray | np.generic):
                converted[key] = torch.as_tensor(value)
        except (TypeError, ValueError, RuntimeError):  # NumPy holds more types than PyTorch
            pass
        if key in wanted and not isinstance(converted[key], Tensor):
            kind = type(value).__qualname__
            raise LacunaError(f"the weights do not fit {what} ('{key}' is a {kind}); check the file")
    return converted


def load_strictly(
    module: nn.Module, tensors: Mapping, names: Mapping[str, str], what: str, optional: tuple[str, ...] = ()
) -> None:
    """Copy tensors into a module's parameters and buffers.

    names: authors' key → key of the module. Keys of the module that end in one of `optional` may be missing, all that
    end so or none. One `LacunaError` names all missing, extra and misshapen keys, and those that hold no floating-point
    numbers where the module has such; then nothing has been copied.
    """
    state = module.state_dict()
    given = {names[key]: tensor for key, tensor in tensors.items() if key in names}
    left_out = tuple(ending for ending in optional if not any(ours.endswith(ending) for ours in given))
    complaints = {
        "missing": [key for key, ours in names.items() if ours not in given and not ours.endswith(left_out)],
        "extra": [key for key in tensors if key not in names],
        "misshapen": [
            f"{key} ({list(given[ours].shape)} instead of {list(state[ours].shape)})"
            for key, ours in names.items()
            if ours in given and given[ours].shape != state[ours].shape
        ],
        "not floating-point, as quantised weights are": [
            f"{key} ({str(given[ours].dtype).removeprefix('torch.')})"
            for key, ours in names.items()
            if ours in given and state[ours].is_floating_point() and not given[ours].is_floating_point()
        ],
    }
    found = "; ".join(f"{kind}: {_shortened(keys)}" for kind, keys in complaints.items() if keys)
    if found:
        raise LacunaError(f"the weights do not fit {what} ({found}); check the system and its settings")
    with torch.no_grad():
        for key, tensor in given.items():
            state[key].copy_(tensor)


def _shortened(keys: list[str], limit: int = 3) -> str:
    more = f" and {len(keys) - limit} more" if len(keys) > limit else ""
    return ", ".join(keys[:limit]) + more


def contiguous(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU that a safetensors file takes: contiguous, no memory shared between keys."""
    return {key: tensor.detach().to("cpu", copy=True).contiguous() for key, tensor in state.items()}
