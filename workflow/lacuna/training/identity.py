"""What a training is, in parts, so that a state which belongs to another one can say what differs."""

import dataclasses
from pathlib import Path

from lacuna.canonical import changes, digest, flat
from lacuna.digests import code_digests
from lacuna.files import sha256_of
from lacuna.training.settings import Settings

LENGTHS = ("training.iterations", "training.seconds")


def identity(
    settings: Settings, recipe, lists: dict[str, Path], backbones: dict[str, Path], initial_weights: Path | None
) -> dict[str, dict]:
    """Every part as name → value: settings by dotted names, and digests of lists, files, modules, backbones, weights.

    settings: with the numbers of iterations and of images a step that are really used. lists: role → list of
    `image<TAB>mask` lines; what they list is known by the `index.csv` beside the files.
    """
    used = dataclasses.asdict(settings) | {"settings": dataclasses.asdict(recipe)}
    for name in ("iterations", "batch_size"):  # of the recipe: only used where the run sets none of its own
        used["settings"].pop(name, None)
    folders = set()
    for path in lists.values():
        folders |= {str(Path(name).parent) for line in path.read_text().splitlines() for name in line.split("\t")}
    indexes = [Path(folder) / "index.csv" for folder in sorted(folders)]
    return {
        "settings": {".".join(path): value for path, value in flat(used).items()},
        "lists": {role: digest(path.read_text()) for role, path in lists.items()},
        "files": {str(path): digest(path.read_bytes()) for path in indexes if path.is_file()},
        "modules": code_digests(("lacuna.training.loop", f"lacuna.systems.{settings.system}")),
        "backbones": {name: sha256_of(path) for name, path in backbones.items() if path.is_file()},
        "weights": {"initial": sha256_of(initial_weights)} if initial_weights else {},
    }


def differences(then: dict[str, dict], now: dict[str, dict], but: tuple[str, ...] = ()) -> list[str]:
    """What differs, in words; settings of the names in `but` are left out. Empty: it is the same training."""
    found = []
    for kind in now:
        before, after = then.get(kind, {}), now[kind]
        if kind == "settings":
            found += [f"{name} {how}" for (name,), how in changes(before, after).items() if name not in but]
            continue
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                found.append(_sentence(kind, name, before.get(name), after.get(name)))
    return found


def length(identity: dict[str, dict]) -> tuple[str, float]:
    """The setting that limits the training, and its value."""
    name = next(name for name in LENGTHS if identity["settings"].get(name) is not None)
    return name, identity["settings"][name]


def _sentence(kind: str, name: str, before, after) -> str:
    return {
        "lists": f"the {name} list has other lines",
        "files": f"{name} lists other files",
        "modules": f"the code of {name} {'is new' if before is None else 'is gone' if after is None else 'changed'}",
        "backbones": f"the backbone {name} is another file",
        "weights": "the initial weights are another file",
    }[kind]
