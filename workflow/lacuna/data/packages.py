"""Pictures inside installed packages, found without importing anything.

Only the standard library is used: the plan asks at every start of Snakemake.
"""

import re
import sys
from importlib.machinery import PathFinder
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lacuna.errors import LacunaError

_SPEC = re.compile(r"(?P<module>\w+(\.\w+)*):(?P<path>[^\[\]]+)(\[(?P<first>\d+):(?P<last>\d+)\])?")


class NotInstalledError(LacunaError):
    """A package that this environment lacks."""


class PackageFile(NamedTuple):
    """What a spec names: the file, its name `module:path`, and which items of an array (None: all)."""

    path: Path
    name: str
    items: tuple[int, int] | None


def package_file(spec: str) -> PackageFile:
    """The file of a spec `module:relative/path` or `module:relative/x.npy[0:58]`.

    The top package is looked for where packages are installed and nowhere else, above all not in the working
    directory; what follows it are folders in it. Errors: a `LacunaError` names the spec that cannot be followed.
    """
    match = _SPEC.fullmatch(spec)
    if not match:
        raise LacunaError(f"the image {spec!r} is not of the form module:relative/path or module:x.npy[0:58]")
    inside = PurePosixPath(match["path"])
    if inside.is_absolute() or ".." in inside.parts:
        raise LacunaError(f"the image {spec!r} leads out of its package; use kind: folder for files of your own")
    top, *parts = match["module"].split(".")
    found = PathFinder.find_spec(top, _installed())
    if not found or not found.submodule_search_locations:
        raise NotInstalledError(
            f"the image {spec!r} is in a package that is not installed; install it or correct the name"
        )
    path = Path([*found.submodule_search_locations][0], *parts, inside)
    if not path.is_file():
        raise LacunaError(f"the installed package {match['module']} holds no file {match['path']}; correct {spec!r}")
    items = (int(match["first"]), int(match["last"])) if match["first"] else None
    return PackageFile(path, f"{match['module']}:{match['path']}", items)


def files_of_packages(specs: list[str]) -> list[Path]:
    """The files of the specs, each once, without those of packages that this environment lacks.

    The environment that plans is not always the one that stages. Errors: as in `package_file`.
    """
    found = []
    for spec in specs:
        try:
            found.append(package_file(spec).path)
        except NotInstalledError:
            continue
    return list(dict.fromkeys(found))


def _installed() -> list[str]:
    """The folders that packages are installed into, in the order of Python's search."""
    return [folder for folder in sys.path if Path(folder).name in ("site-packages", "dist-packages")]
