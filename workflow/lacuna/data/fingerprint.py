"""Which files of a folder belong to a set, and a digest of their names and contents.

Only the standard library is used: the plan asks for the digest at every start of Snakemake.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from lacuna.canonical import digest
from lacuna.data.formats import is_picture
from lacuna.data.walking import files_below
from lacuna.errors import LacunaError
from lacuna.files import atomic, sha256_of


class Found(NamedTuple):
    """Sorted names relative to a folder: its pictures, and the files that match but are none."""

    pictures: list[str]
    passed_over: list[str]


def matching_files(folder: str | Path, pattern: str = "**/*", leaving_out: tuple = ()) -> Found:
    """The files of `folder` that match `pattern` (`**` = any depth), divided by `is_picture`.

    Linked folders are followed, each real folder once; hidden files are not seen; the folders in `leaving_out` are not
    entered. No folder, no image in it, or a folder that cannot be listed is a `LacunaError`.
    """
    root = Path(folder)
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise LacunaError(f"the folder {folder} {what}; correct the path")
    try:
        files = files_below(root, pattern, leaving_out)
        pictures = [path for path in files if (root / path).is_file() and is_picture(root / path)]
        if not pictures:
            files = files_below(root, leaving_out=leaving_out)
    except OSError as error:
        raise LacunaError(f"{error.filename} cannot be read ({error.strerror}); correct its rights") from None
    if not pictures:
        suffixes = Counter(path.suffix or "no suffix" for path in files)
        there = ", ".join(f"{number} x {suffix}" for suffix, number in sorted(suffixes.items()))
        raise LacunaError(
            f"no image in the folder {folder} matches the pattern {pattern!r}: "
            f"the files there are {there or 'none'}; correct the path or the pattern"
        )
    others = set(files) - set(pictures)
    return Found(*(sorted(path.as_posix() for path in some) for some in (pictures, others)))


def fingerprint(folder: str | Path, pattern: str = "**/*", cache: str | Path | None = None) -> str:
    """Digest of the relative names and the contents of the images in `folder` that match `pattern`.

    `cache` is a JSON file that remembers the SHA-256 of files by path, size and modification time, so that only new or
    changed files are read again. Times decide what is read, never what the digest is: `touch` does not change it.
    Errors: as in `matching_files`; a file that cannot be read is a `LacunaError` too.
    """
    names = matching_files(folder, pattern).pictures
    contents = contents_of([Path(folder, name) for name in names], cache)
    return digest(*(part for pair in zip(map(os.fsencode, names), contents, strict=True) for part in pair))


def contents_of(paths: list[Path], cache: str | Path | None = None) -> list[str]:
    """SHA-256 of each file; `cache` as in `fingerprint`. A file that cannot be read is a `LacunaError`."""
    known = _read_cache(cache)
    fresh: dict[str, list] = {}
    hashes = []
    for path in (path.absolute() for path in paths):
        try:
            status = path.stat()
            entry = known.get(str(path))
            if entry is None or entry[:2] != [status.st_size, status.st_mtime_ns]:
                entry = fresh[str(path)] = [status.st_size, status.st_mtime_ns, sha256_of(path)]
        except OSError as error:
            raise LacunaError(f"{path} cannot be read ({error.strerror}); repair or remove it") from None
        hashes.append(entry[2])
    if cache is not None and fresh:
        kept = {path: entry for path, entry in known.items() if Path(path).exists()}
        with atomic(cache) as partial:
            partial.write_text(json.dumps(kept | fresh))
    return hashes


def _read_cache(cache: str | Path | None) -> dict[str, list]:
    """The remembered entries; a missing or broken cache only costs time, so it counts as empty."""
    try:
        entries = json.loads(Path(cache).read_text()) if cache is not None else {}
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}
