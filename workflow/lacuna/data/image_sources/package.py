"""Pictures inside installed Python packages."""

import hashlib
import re
import sys
from dataclasses import dataclass
from functools import partial
from importlib.machinery import PathFinder
from pathlib import Path

from lacuna.data.origins import Origin
from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.keys import key

_SPEC = re.compile(r"(?P<module>[A-Za-z_]\w*(\.\w+)*):(?P<path>[^\[\]]+)(\[(?P<first>\d{1,18}):(?P<last>\d{1,18})\])?")
_FORM = "package:relative/path, or package:relative/x.npy[0:58] for pictures of an array"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Which pictures of which packages."""

    images: list[str] = key(
        "list of `package:path`; `x.npy[0:58]` takes those pictures of an array, each an origin of its own",
        least=1,
        form=(_SPEC.pattern, _FORM),
    )


def check(entry: dict, where: str) -> None:
    """Every package is installed and holds the file."""
    for spec in entry["images"]:
        try:
            _located(spec)
        except LacunaError as error:
            raise LacunaError(f"{where}.images: {error}") from None


def origins(settings: dict) -> list[Origin]:
    """The photographs that `settings` name, in their order."""
    return origins_of_packages(settings["images"])


def origins_of_packages(specs: list[str]) -> list[Origin]:
    """The photographs that `specs` name inside installed packages.

    A spec is `package:relative/path`; `package:relative/x.npy[0:58]` means the items 0 to 57 of an array of pictures
    (N×H×W or N×H×W×C), each of them its own origin. Errors: a `LacunaError` names the spec that cannot be followed.
    """
    return [origin for spec in specs for origin in _origins_of_spec(spec)]


def _located(spec: str) -> tuple[re.Match, Path]:
    """A spec in its parts, and its file. Only the top package is looked for, so no code runs; the rest is folders."""
    match = _SPEC.fullmatch(spec)
    if not match:
        raise LacunaError(f"the image {spec!r} is not of the form {_FORM}")
    # a folder of the working directory is no installed package
    here = Path.cwd().resolve()
    installed = [folder for folder in sys.path if folder and Path(folder).resolve() != here]
    top, *inner = match["module"].split(".")
    found = PathFinder.find_spec(top, installed)
    if not found or not found.submodule_search_locations:
        raise LacunaError(f"the image {spec!r} is in a package that is not installed; install it or correct the name")
    for folder in map(Path, found.submodule_search_locations):
        path = Path(folder, *inner, match["path"])
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return match, path
    raise LacunaError(f"the installed package {match['module']} holds no file {match['path']}; correct {spec!r}")


def _origins_of_spec(spec: str) -> list[Origin]:
    import numpy as np

    from lacuna.data.decoding import decode

    match, path = _located(spec)
    name = f"{match['module']}:{match['path']}"
    if path.suffix != ".npy":
        if match["first"]:
            raise LacunaError(f"the image {spec!r} asks for items, which only an .npy file has; take the brackets away")
        return [Origin(name, sha256_of(path), lambda: decode(path), path)]
    pictures = np.load(path, mmap_mode="r", allow_pickle=False)
    first, last = (int(match["first"]), int(match["last"])) if match["first"] else (0, len(pictures))
    if pictures.ndim not in (3, 4) or not first < last <= len(pictures):
        raise LacunaError(f"{spec!r} does not fit an array of shape {pictures.shape}; correct the items asked for")
    return [
        Origin(f"{name}[{i}]", _sha256_of_array(pictures[i]), partial(_item, pictures, i), path)
        for i in range(first, last)
    ]


def _item(pictures, number: int):
    from lacuna.data.decoding import from_array

    return from_array(pictures[number])


def _sha256_of_array(values) -> str:
    """SHA-256 of the type, shape and values of an array."""
    return hashlib.sha256(f"{values.dtype.str}{values.shape}".encode() + values.tobytes()).hexdigest()
