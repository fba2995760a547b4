"""The state of a training as one safetensors file: all that the next step depends on, read without running pickles.

Tensors: `module.<part>.<key>` for every part of `system.modules()` and for the `average` of the network's weights,
`optimizer.<name>.<parameter's number>.<key>`, `random.<device>` (bytes of the generator), `rows.<table>` (float64, a
row a line; NaN in rows of losses: not computed, because it rested). The metadata key `lacuna` holds a JSON note: what
the weights' note says (`system`, `settings`, `source`, `image_size`, `seed`, `steps`), `parts`, and `identity`, `given`
(the settings as they were given), `optimizers`, `columns`, `progress`, `decay_from` and `sha256`, a checksum over
everything else in the file.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from lacuna.canonical import canonical_json
from lacuna.errors import LacunaError
from lacuna.files import atomic
from lacuna.systems._released import contiguous
from lacuna.systems.base import METADATA_KEY

CHECKSUM = "sha256"
ROWS = ("losses", "validation", "pending")  # lists of rows within the progress, kept as tensors: they may be long
RESTING = ("rows.losses", "rows.pending")  # where NaN says that a loss was not computed


class DamagedState(LacunaError):
    """A file that is no whole, finite state."""


@dataclass
class State:
    """What a file of a training's state holds; see the module."""

    tensors: dict[str, Tensor]
    note: dict

    @property
    def step(self) -> int:
        """Steps done."""
        return self.note["steps"]

    def progress(self) -> dict:
        """The numbers of the training and its rows so far, as they were given to `capture`."""
        rows = {}
        for name in ROWS:
            columns = self.note["columns"][name]
            values = self.tensors[f"rows.{name}"].tolist() if columns else []
            rows[name] = [dict(zip(columns, line, strict=True)) for line in values]
            for row in rows[name]:
                if "step" in row:
                    row["step"] = int(row["step"])
        return {**self.note["progress"], **rows}


def capture(modules: Mapping[str, nn.Module], optimizers: Mapping, progress: dict, note: dict) -> State:
    """A copy of what the training is now. progress: numbers, and the lists of `ROWS`. note: as the module says."""
    tensors = {
        f"module.{part}.{key}": tensor for part, each in modules.items() for key, tensor in each.state_dict().items()
    }
    numbers: dict[str, dict] = {}
    for name, optimizer in optimizers.items():
        held = optimizer.state_dict()
        numbers[name] = {"groups": held["param_groups"], "state": {}}
        for index, entries in held["state"].items():
            for key, value in entries.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{name}.{index}.{key}"] = value
                else:
                    numbers[name]["state"].setdefault(str(index), {})[key] = value
    tensors |= {f"random.{device}": value for device, value in random_state().items()}
    columns = {name: list(progress[name][0]) if progress[name] else [] for name in ROWS}
    for name in ROWS:
        lines = [[row[column] for column in columns[name]] for row in progress[name]]
        tensors[f"rows.{name}"] = torch.tensor(lines, dtype=torch.float64)
    kept = {key: value for key, value in progress.items() if key not in ROWS}
    whole = {
        **note,
        "steps": progress["step"],
        "parts": list(modules),
        "optimizers": numbers,
        "columns": columns,
        "progress": kept,
    }
    return State(contiguous(tensors), json.loads(canonical_json(whole)))


def restore(state: State, modules: Mapping[str, nn.Module], optimizers: Mapping) -> None:
    """Put a state back into modules, optimisers and torch's generators."""
    for part, module in modules.items():
        module.load_state_dict(_below(state.tensors, f"module.{part}."))
    for name, optimizer in optimizers.items():
        numbers = state.note["optimizers"][name]
        entries: dict[int, dict] = {int(index): dict(values) for index, values in numbers["state"].items()}
        for key, tensor in _below(state.tensors, f"optimizer.{name}.").items():
            index, _, entry = key.partition(".")
            entries.setdefault(int(index), {})[entry] = tensor
        groups = [
            {key: tuple(value) if isinstance(value, list) and key != "params" else value for key, value in each.items()}
            for each in numbers["groups"]
        ]
        optimizer.load_state_dict({"state": entries, "param_groups": groups})
        _lay_out_like_parameters(optimizer)
    set_random_state(_below(state.tensors, "random."))


def write(path: Path, state: State) -> None:
    """Write a state, whole or not at all. One that is not finite is a `LacunaError`; then nothing is written."""
    _require_finite(state.tensors)
    state.note[CHECKSUM] = checksum(state)
    with atomic(path) as partial:
        partial.write_bytes(save(state.tensors, {METADATA_KEY: canonical_json(state.note)}))


def read(path: str | Path) -> State:
    """The state in a file; a damaged one, or one with values that are not finite, is a `DamagedState`."""
    try:
        with safe_open(path, framework="pt") as stream:
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
            note = json.loads((stream.metadata() or {})[METADATA_KEY])
        state = State(tensors, note)
        whole = note[CHECKSUM] == checksum(state)
    except Exception as error:  # whatever a broken file makes the reader raise, it means the same
        raise DamagedState(f"it cannot be read ({_first_line(error)})") from None
    if not whole:
        raise DamagedState("it is damaged: its checksum does not fit what it holds")
    _require_finite(tensors)
    return state


def read_note(path: str | Path) -> dict:
    """The note alone, unchecked: quick, for what is only shown or decides whether to read the whole file."""
    try:
        with safe_open(path, framework="pt") as stream:
            return json.loads((stream.metadata() or {})[METADATA_KEY])
    except Exception as error:
        raise DamagedState(f"it cannot be read ({_first_line(error)})") from None


def read_parts(path: str | Path) -> dict[str, dict[str, Tensor]]:
    """The weights of every part (`network`, `discriminator`, …) of a `training_state.safetensors`, by their keys.

    A file that is missing, damaged or no training state is a `LacunaError`.
    """
    if not Path(path).is_file():
        raise LacunaError(f"the training state {path} does not exist; train the system first")
    try:
        state = read(path)
    except DamagedState as error:
        raise LacunaError(f"{path} is not used as a training state: {error}; name another file or train anew") from None
    return {part: _below(state.tensors, f"module.{part}.") for part in state.note["parts"]}


def checksum(state: State) -> str:
    """SHA-256 of the note without its checksum and of every tensor's name, type, shape and bytes."""
    sha = hashlib.sha256(canonical_json({k: v for k, v in state.note.items() if k != CHECKSUM}).encode())
    for name in sorted(state.tensors):
        tensor = state.tensors[name]
        sha.update(canonical_json([name, str(tensor.dtype), list(tensor.shape)]).encode())
        sha.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sha.hexdigest()


def random_state() -> dict[str, Tensor]:
    """The state of torch's generators, on the CPU and on the GPU in use."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: Mapping[str, Tensor]) -> None:
    """Put back what `random_state` returned."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def _require_finite(tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            continue
        sound = ~tensor.isinf() if name in RESTING else tensor.isfinite()
        if not sound.all():
            raise DamagedState(f"it holds values that are not finite ({re.sub('^module[.]', '', name)})")


def _lay_out_like_parameters(optimizer) -> None:
    """Give moments the memory order of their parameters, as in a training that was never written to a file."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            held = optimizer.state.get(parameter, {})
            for key, value in held.items():
                if isinstance(value, Tensor) and value.shape == parameter.shape:
                    held[key] = torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
