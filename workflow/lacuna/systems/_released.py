"""Reading weights and loading them strictly, whoever saved them."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from lacuna.errors import LacunaError

# Names under which checkpoints keep the weights that predict, and prefixes that wrappers put before every key.
CONTAINERS = ("state_dict", "model_state_dict", "params", "generator", "netG", "model", "net")
PREFIXES = ("module.", "generator.", "netG.", "model.", "net.")


def read_tensors(path: str | Path) -> tuple[dict, dict[str, str]]:
    """(what the file holds, its metadata) of a `.safetensors` file, or of a PyTorch file read without running pickles.

    A missing file, and a PyTorch file that holds more than tensors and plain containers, is a `LacunaError`.
    """
    path = Path(path)
    if not path.is_file():
        raise LacunaError(f"the weights {path} do not exist; train the system or fetch them first")
    try:
        if path.suffix == ".safetensors":
            from safetensors import safe_open

            with safe_open(path, framework="pt") as stream:
                return {name: stream.get_tensor(name) for name in stream.keys()}, stream.metadata() or {}  # noqa: SIM118
        return torch.load(path, map_location="cpu", weights_only=True), {}
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise LacunaError(f"the weights {path} cannot be read without running code ({reason})") from None


def unwrap(mapping: Mapping, wanted: set[str]) -> dict[str, object]:
    """The arrays of a checkpoint under the names that `wanted` has, as far as wrappers hide them.

    Nested containers (`state_dict`, …) are opened, and a prefix (`module.`, `generator.`, …) is taken off: of all keys
    if all have it, and otherwise keys without it are dropped (the other networks of the checkpoint).
    """
    while not wanted & mapping.keys():
        inside = next((name for name in CONTAINERS if isinstance(mapping.get(name), Mapping)), None)
        if inside is not None:
            mapping = mapping[inside]
            continue
        prefix = next((text for text in PREFIXES if any(str(key).startswith(text) for key in mapping)), None)
        if prefix is None:
            break
        mapping = {key.removeprefix(prefix): value for key, value in mapping.items() if key.startswith(prefix)}
    return dict(mapping)


def load_strictly(
    module: nn.Module, arrays: Mapping, names: Mapping[str, str], what: str, optional: tuple[str, ...] = ()
) -> None:
    """Copy arrays (tensors or NumPy) into a module's parameters and buffers.

    names: authors' key → key of the module. Keys of the module that end in one of `optional` may be missing.
    One `LacunaError` names all missing, extra and misshapen keys; then nothing has been copied.
    """
    state = module.state_dict()
    arrays = unwrap(arrays, set(names))
    tensors = {names[key]: torch.as_tensor(value) for key, value in arrays.items() if key in names}
    complaints = {
        "missing": [key for key, ours in names.items() if ours not in tensors and not ours.endswith(tuple(optional))],
        "extra": [str(key) for key in arrays if key not in names],
        "misshapen": [
            f"{key} ({list(tensors[ours].shape)} instead of {list(state[ours].shape)})"
            for key, ours in names.items()
            if ours in tensors and tensors[ours].shape != state[ours].shape
        ],
    }
    found = "; ".join(f"{kind}: {_shortened(keys)}" for kind, keys in complaints.items() if keys)
    if found:
        raise LacunaError(f"the weights do not fit {what} ({found}); check the system and its settings")
    with torch.no_grad():
        for key, tensor in tensors.items():
            state[key].copy_(tensor)


def _shortened(keys: list[str], limit: int = 12) -> str:
    more = f" and {len(keys) - limit} more" if len(keys) > limit else ""
    return ", ".join(keys[:limit]) + more


def contiguous(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU that a safetensors file takes: contiguous, no memory shared between keys."""
    return {key: tensor.detach().to("cpu", copy=True).contiguous() for key, tensor in state.items()}
