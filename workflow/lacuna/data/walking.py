"""The files below a folder, by a pattern: linked folders are followed, each real folder is entered once.

`glob.glob` follows links too, but round and round where a folder is linked into itself; `Path.glob` does not follow.
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path


def files_below(root: str | Path, pattern: str = "**/*", leaving_out: tuple = ()) -> list[Path]:
    """Sorted files that match, relative to `root`; hidden files and folders are not seen.

    `**` as a part of the pattern is any number of folders. A folder that can be reached by several names is entered by
    the one without links, or by the first of its links. The folders in `leaving_out` are not entered.
    Errors: an `OSError` for a folder that cannot be listed.
    """
    wanted = [part for part in pattern.split("/") if part not in ("", ".")]
    entered = {_identity(folder) for folder in leaving_out if Path(folder).is_dir()}
    links, found = [Path()], list[Path]()
    while links:  # what a link leads to waits until all that needs none is seen
        following: list[Path] = []
        for start in links:
            found += _walk(Path(root), start, wanted, entered, following)
        links = sorted(following)
    return sorted(found)


def _walk(root: Path, start: Path, wanted: list[str], entered: set, links: list[Path]) -> Iterator[Path]:
    waiting = [start]
    while waiting:
        folder = waiting.pop()
        identity = _identity(root / folder)
        if identity in entered:
            continue
        entered.add(identity)
        with os.scandir(root / folder) as entries:
            for entry in entries:
                path = folder / entry.name
                if _is_folder(entry):
                    if _may_hold(path.parts, wanted):
                        (links if entry.is_symlink() else waiting).append(path)
                elif _matches(path.parts, wanted):
                    yield path


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _identity(folder: Path | str) -> tuple[int, int]:
    status = Path(folder).stat()
    return status.st_dev, status.st_ino


def _matches(parts: tuple[str, ...], wanted: list[str]) -> bool:
    if not wanted:
        return not parts
    if wanted[0] == "**":
        if len(wanted) == 1:
            return bool(parts) and not any(part.startswith(".") for part in parts)
        return _matches(parts, wanted[1:]) or (
            bool(parts) and not parts[0].startswith(".") and _matches(parts[1:], wanted)
        )
    return bool(parts) and _part_matches(parts[0], wanted[0]) and _matches(parts[1:], wanted[1:])


def _may_hold(parts: tuple[str, ...], wanted: list[str]) -> bool:
    """Whether a file in the folder `parts`, or deeper, can match."""
    if not parts:
        return bool(wanted)
    if not wanted:
        return False
    if wanted[0] == "**":
        return not parts[0].startswith(".") and _may_hold(parts[1:], wanted) or _may_hold(parts, wanted[1:])
    return _part_matches(parts[0], wanted[0]) and _may_hold(parts[1:], wanted[1:])


def _part_matches(part: str, wanted: str) -> bool:
    return (wanted.startswith(".") or not part.startswith(".")) and fnmatchcase(part, wanted)
