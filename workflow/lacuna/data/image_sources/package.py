"""Pictures inside installed Python packages."""

import hashlib
from dataclasses import dataclass
from functools import cache

from lacuna.data.origins import Origin, Photographs
from lacuna.data.packages import FORM, SPEC, package_file
from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.keys import key


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Which pictures of which packages."""

    images: list[str] = key(
        "list of `package:path`; `x.npy[0:58]` takes those pictures of an array, each an origin of its own",
        least=1,
        form=(SPEC.pattern, FORM),
    )


def check(entry: dict, where: str) -> None:
    """Every package is installed and holds the file."""
    for spec in entry["images"]:
        try:
            package_file(spec)
        except LacunaError as error:
            raise LacunaError(f"{where}.images: {error}") from None


def photographs(settings: dict) -> Photographs:
    """The photographs that `settings` name, in their order; no file is passed over."""
    return photographs_of_packages(settings["images"])


def photographs_of_packages(specs: list[str]) -> Photographs:
    """The photographs that `specs` name inside installed packages.

    A spec is `package:relative/path`; `package:relative/x.npy[0:58]` means the items 0 to 57 of an array of pictures
    (N×H×W or N×H×W×C), each of them its own origin. Errors: a `LacunaError` names the spec that cannot be followed.
    """
    return Photographs([origin for spec in specs for origin in _origins_of_spec(spec)], _read)


def _origins_of_spec(spec: str) -> list[Origin]:
    path, name, items = package_file(spec)
    if path.suffix != ".npy":
        if items:
            raise LacunaError(f"the image {spec!r} asks for items, which only an .npy file has; take the brackets away")
        return [Origin(name, sha256_of(path), str(path), path)]
    pictures = _array(str(path))
    first, last = items or (0, len(pictures))
    if pictures.ndim not in (3, 4) or not first < last <= len(pictures):
        raise LacunaError(f"{spec!r} does not fit an array of shape {pictures.shape}; correct the items asked for")
    return [Origin(f"{name}[{i}]", _sha256_of_array(pictures[i]), f"{path}[{i}]", path) for i in range(first, last)]


def _read(place: str):
    from lacuna.data.decoding import decode, from_array

    if not place.endswith("]"):
        return decode(place)
    path, _, number = place[:-1].rpartition("[")
    return from_array(_array(path)[int(number)])


@cache
def _array(path: str):
    import numpy as np

    return np.load(path, mmap_mode="r", allow_pickle=False)


def _sha256_of_array(values) -> str:
    """SHA-256 of the type, shape and values of an array."""
    return hashlib.sha256(f"{values.dtype.str}{values.shape}".encode() + values.tobytes()).hexdigest()
