"""Things that register themselves: a folder is a list of them, and a file's name is the thing's name."""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType

from lacuna.errors import LacunaError


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` for the beginning of a name or a near miss, else the list of what is known."""
    known, word = sorted(known), str(word)[:100].lower()
    begun = [name for name in known if word and name.startswith(word)]
    near = begun or difflib.get_close_matches(word, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(known) or 'none'}"


def names(package: str, apart: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The files of a package, sorted, but those `apart` and those with a leading underscore, which are parts."""
    found = (info.name for info in pkgutil.iter_modules(importlib.import_module(package).__path__))
    return tuple(sorted(name for name in found if name not in apart and not name.startswith("_")))


def load(package: str, name: str, what: str, apart: tuple[str, ...] = ()) -> ModuleType:
    """The file behind a name; only that one is imported. An unknown name is a `LacunaError` with the nearest one."""
    known = names(package, apart)
    if name not in known:
        raise LacunaError(f"there is no {what} '{name}': {suggest(name, known)}")
    return importlib.import_module(f"{package}.{name}")


def import_all(package: str) -> None:
    """Import every file of a package whose files register themselves by a decorator.

    `lacuna.digests` knows this function: what calls it reaches every file of its folder.
    """
    for name in names(package):
        importlib.import_module(f"{package}.{name}")
