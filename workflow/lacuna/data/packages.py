"""Pictures inside installed packages, found without importing anything.

Only the standard library is used: the plan asks at every start of Snakemake.
"""

import re
import sys
from importlib.machinery import PathFinder
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lacuna.errors import LacunaError

SPEC = re.compile(r"(?P<module>[A-Za-z_]\w*(\.\w+)*):(?P<path>[^\[\]]+)(\[(?P<first>\d{1,18}):(?P<last>\d{1,18})\])?")
FORM = "package:relative/path, or package:relative/x.npy[0:58] for pictures of an array"


class PackageFile(NamedTuple):
    """What a spec names: the file, its name `package:path`, and which items of an array (None: all)."""

    path: Path
    name: str
    items: tuple[int, int] | None


def package_file(spec: str) -> PackageFile:
    """The file of a spec `package:relative/path` or `package:relative/x.npy[0:58]`.

    Only the top package is looked for, so no code runs; what follows it are folders in it. A folder of the working
    directory is no installed package. Errors: a `LacunaError` names the spec that cannot be followed.
    """
    match = SPEC.fullmatch(spec)
    if not match:
        raise LacunaError(f"the image {spec!r} is not of the form {FORM}")
    inside = PurePosixPath(match["path"])
    here = Path.cwd().resolve()
    installed = [folder for folder in sys.path if folder and Path(folder).resolve() != here]
    top, *inner = match["module"].split(".")
    found = PathFinder.find_spec(top, installed)
    if not found or not found.submodule_search_locations:
        raise LacunaError(f"the image {spec!r} is in a package that is not installed; install it or correct the name")
    if inside.is_absolute() or ".." in inside.parts:
        raise _leads_out(spec)
    for folder in map(Path, found.submodule_search_locations):
        path = Path(folder, *inner, inside)
        if path.is_file():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise _leads_out(spec)
            items = (int(match["first"]), int(match["last"])) if match["first"] else None
            return PackageFile(path, f"{match['module']}:{match['path']}", items)
    raise LacunaError(f"the installed package {match['module']} holds no file {match['path']}; correct {spec!r}")


def files_of_packages(specs: list[str]) -> list[Path]:
    """The files of the specs, each once. Errors: as in `package_file`."""
    return list(dict.fromkeys(package_file(spec).path for spec in specs))


def _leads_out(spec: str) -> LacunaError:
    return LacunaError(f"the image {spec!r} leads out of its package; use kind: folder for files of your own")
