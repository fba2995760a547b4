"""Decoded pictures of one size in a file that is mapped into memory: read as arrays, shared by processes."""

import errno
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from lacuna.canonical import digest
from lacuna.errors import LacunaError
from lacuna.files import atomic, is_disk_full

_BLOCK = 64  # pictures that are decoded before they are written
_THREADS = 4


def decoded(paths: list[str], read: Callable[[str], np.ndarray], folder: Path, kind: str) -> np.ndarray | None:
    """The pictures of `paths` as one array N×…, kept in `folder`; None, which is said, where the disk has no room.

    kind: begins the file's name, which goes on with a digest of the paths, sizes and times of the files: while they are
    the same, what was decoded once is used again. Files of the same kind that are not, are removed. Errors: those of
    `read`; a `LacunaError` when the pictures differ in size.
    """
    stats = [Path(path).stat() for path in paths]
    known = [f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in zip(paths, stats, strict=True)]
    file = folder / f"{kind}-{digest(*known)[:16]}.npy"
    if not file.is_file():
        for other in folder.glob(f"{kind}-*.npy"):
            other.unlink()
        first = read(paths[0])
        folder.mkdir(parents=True, exist_ok=True)
        needed, free = first.nbytes * len(paths), shutil.disk_usage(folder).free
        try:
            if needed > free:
                raise OSError(errno.ENOSPC, "too little room")
            _write(file, paths, read, first)
        except OSError as error:
            if not is_disk_full(error):
                raise
            print(f"the disk has no room for {len(paths)} decoded {kind}; they are decoded in every pass", flush=True)
            return None
    return np.load(file, mmap_mode="r")


def _write(file: Path, paths: list[str], read: Callable[[str], np.ndarray], first: np.ndarray) -> None:
    """By ordinary writing, which says when the disk is full; a mapped page that finds no room ends the process."""
    header = {
        "descr": np.lib.format.dtype_to_descr(first.dtype),
        "fortran_order": False,
        "shape": (len(paths), *first.shape),
    }
    with atomic(file) as partial, partial.open("wb") as stream, ThreadPoolExecutor(_THREADS) as pool:
        np.lib.format.write_array_header_1_0(stream, header)
        for start in range(0, len(paths), _BLOCK):
            block = paths[start : start + _BLOCK]
            for path, picture in zip(block, pool.map(read, block), strict=True):
                if picture.shape != first.shape:
                    raise LacunaError(f"{path} and {paths[0]} differ in size; training needs one size, so stage them")
                stream.write(picture.tobytes())
