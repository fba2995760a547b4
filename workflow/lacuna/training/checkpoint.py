"""The state that a training goes on from: everything that the next step depends on, in `state/` beside the weights.

It is no declared output (Snakemake deletes those of an interrupted job). It carries a digest of all that the training
depends on; a state of another training is never used.
"""

from pathlib import Path

import torch

from lacuna.canonical import canonical_json, digest
from lacuna.digests import code_digest
from lacuna.files import atomic


def identity(settings: dict, lists: list[Path], backbones: list[Path]) -> str:
    """Digest of settings, code, path lists, what they list (by the `index.csv` beside the files) and backbones."""
    parts: list[str | bytes] = [
        canonical_json(settings),
        code_digest(("lacuna.training.loop", f"lacuna.systems.{settings['system']}")),
    ]
    folders = set()
    for path in lists:
        text = path.read_text()
        parts.append(text)
        folders |= {str(Path(name).parent) for line in text.splitlines() for name in line.split("\t")}
    indexes = [Path(folder) / "index.csv" for folder in sorted(folders)]
    parts += [path.read_bytes() for path in [*indexes, *backbones] if path.is_file()]
    return digest(*parts)


def random_state() -> dict[str, torch.Tensor]:
    """The state of torch's generators, on the CPU and on the GPU in use."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: dict[str, torch.Tensor]) -> None:
    """Put back what `random_state` returned."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def save(path: Path, belongs_to: str, modules: dict, optimizers: dict, progress: dict) -> None:
    """Write the state atomically. progress: numbers, strings and lists of them."""
    state = {
        "belongs_to": belongs_to,
        "modules": {name: module.state_dict() for name, module in modules.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in optimizers.items()},
        "random": random_state(),
        "progress": progress,
    }
    with atomic(path) as partial:
        torch.save(state, partial)


def restore(path: Path, belongs_to: str, modules: dict, optimizers: dict) -> dict | None:
    """Load the state into modules, optimisers and generators; returns its progress, or None if there is none to use.

    A state of other settings, or one that cannot be read, is removed with a line that says so.
    """
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        usable = state["belongs_to"] == belongs_to
    except Exception:  # whatever a broken file makes torch raise, it means the same
        usable = False
    if not usable:
        print(f"removed {path}: it is the state of other settings, data or code; starting from the beginning")
        path.unlink()
        return None
    for name, module in modules.items():
        module.load_state_dict(state["modules"][name])
    for name, optimizer in optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    set_random_state(state["random"])
    return state["progress"]
