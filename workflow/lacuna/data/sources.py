"""Where photographs come from: a folder, or the installed Python packages. Each photograph is one origin."""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.canonical import digest
from lacuna.cells import shown
from lacuna.data.decoding import decode, from_array
from lacuna.data.fingerprint import matching_files
from lacuna.data.packages import package_file
from lacuna.data.stems import is_mask_beside, stem_of
from lacuna.errors import LacunaError
from lacuna.files import sha256_of


@dataclass(frozen=True)
class Origin:
    """One photograph before any cropping."""

    name: str
    """Where it is: a name relative to the folder, or `module:path`, with `[i]` for an item of an array."""
    sha256: str
    """Digest of its content, which decides its order, its share and its seeds. Names decide nothing."""
    read: Callable[[], tuple[Image.Image, bool]]
    """Returns what `decoding.decode` returns, or raises one of `decoding.UNREADABLE`."""
    path: Path
    """The file that holds it."""


def workers() -> ThreadPoolExecutor:
    """As many threads as there are cores for us; Pillow and hashlib leave Python's lock while they work."""
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None)


def origins_of_folder(
    folder: str, pattern: str, share: list[float] | None = None
) -> tuple[list[Origin], dict[str, str]]:
    """The photographs of a folder, in the order of their names, and name → reason of the files passed over.

    Passed over is what is no picture, and the mask of a picture beside it (`lacuna.data.stems`).

    `share` = [lo, hi] keeps an origin when a number in [0, 1) that depends on its content alone is in [lo, hi), so
    sets with shares that do not overlap have no photograph in common, whatever the copies are called.
    Errors: `LacunaError` as in `matching_files`, and when no photograph falls into the share.
    """
    found, others = matching_files(folder, pattern)
    passed_over = dict.fromkeys(others, "passed over: not a picture by its suffix")
    stems = {stem_of(name) for name in found}
    masks = {name for name in found if is_mask_beside(stem_of(name), stems)}
    passed_over |= dict.fromkeys(sorted(masks), "passed over: the mask of a picture beside it")
    names = [name for name in found if name not in masks]
    paths = [Path(folder, name) for name in names]
    with workers() as pool:
        try:
            hashes = list(pool.map(sha256_of, paths))
        except OSError as error:
            raise LacunaError(
                f"{shown(str(error.filename))} cannot be read ({error.strerror}); repair or remove it"
            ) from None
    origins = [
        Origin(name, sha256, lambda path=path: decode(path), path)
        for name, path, sha256 in zip(names, paths, hashes, strict=True)
    ]
    if share is None:
        return origins, passed_over
    low, high = share
    if not 0 <= low < high <= 1:
        raise LacunaError(f"the share {share} of the folder {folder} is no range; give [lo, hi] within [0, 1]")
    kept = [origin for origin in origins if low <= unit_number(origin.sha256) < high]
    if not kept:
        raise LacunaError(f"none of the {len(origins)} images in {folder} falls into the share {share}; widen it")
    return kept, passed_over


def distinct(origins: list[Origin]) -> list[Origin]:
    """Of origins with equal contents only the first."""
    return list({origin.sha256: origin for origin in reversed(origins)}.values())[::-1]


def unit_number(sha256: str) -> float:
    """A number in [0, 1) that depends on a content's digest alone, evenly spread over contents."""
    return int(digest("share", sha256)[:13], 16) / 16**13


def origins_of_packages(specs: list[str]) -> list[Origin]:
    """The photographs that `specs` name inside installed packages.

    A spec is `module:relative/path`; `module:relative/x.npy[0:58]` means the items 0 to 57 of an array of pictures
    (N×H×W or N×H×W×C), each of them its own origin. Errors: a `LacunaError` names the spec that cannot be followed.
    """
    return [origin for spec in specs for origin in _origins_of_spec(spec)]


def _origins_of_spec(spec: str) -> list[Origin]:
    path, name, items = package_file(spec)
    if path.suffix != ".npy":
        if items:
            raise LacunaError(f"the image {spec!r} asks for items, which only an .npy file has; take the brackets away")
        return [Origin(name, sha256_of(path), lambda: decode(path), path)]
    pictures = np.load(path, mmap_mode="r", allow_pickle=False)
    first, last = items or (0, len(pictures))
    if pictures.ndim not in (3, 4) or not first < last <= len(pictures):
        raise LacunaError(f"{spec!r} does not fit an array of shape {pictures.shape}; correct the items asked for")
    return [
        Origin(f"{name}[{i}]", _sha256_of_array(pictures[i]), lambda i=i: from_array(pictures[i]), path)
        for i in range(first, last)
    ]


def _sha256_of_array(values: np.ndarray) -> str:
    """SHA-256 of an array's type, shape and values."""
    return hashlib.sha256(f"{values.dtype.str}{values.shape}".encode() + values.tobytes()).hexdigest()
