"""Which files of a folder belong to a set, and a digest of their names and contents.

Only the standard library is used: the plan asks for the digest at every start of Snakemake.
"""

import glob
import json
from collections import Counter
from pathlib import Path

from lacuna.canonical import digest
from lacuna.errors import LacunaError
from lacuna.files import atomic, sha256_of

# Read by Pillow; in lower case.
SUFFIXES = frozenset(
    [".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"]
)


def matching_files(folder: str | Path, pattern: str = "**/*") -> list[str]:
    """Sorted names, relative to `folder`, of the image files that match `pattern` (`**` = any depth).

    Linked folders are followed, hidden files are not seen, and files whose suffix is not in `SUFFIXES` (a licence,
    a list of labels) are passed over. No folder, or no image in it, is a `LacunaError`.
    """
    root = Path(folder)
    if not root.is_dir():
        raise LacunaError(f"the folder {folder} does not exist; correct the set's path")
    files = [path for path in _glob(root, pattern) if path.suffix.lower() in SUFFIXES]
    names = sorted({path.as_posix() for path in files})
    if not names:
        suffixes = Counter(path.suffix or "no suffix" for path in _glob(root, "**/*"))
        there = ", ".join(f"{number} x {suffix}" for suffix, number in sorted(suffixes.items()))
        raise LacunaError(
            f"no image in the folder {folder} matches the pattern {pattern!r}: "
            f"the files there are {there or 'none'}; correct the set's path or pattern"
        )
    return names


def fingerprint(folder: str | Path, pattern: str = "**/*", cache: str | Path | None = None) -> str:
    """Digest of the relative names and the contents of the images in `folder` that match `pattern`.

    `cache` is a JSON file that remembers the SHA-256 of files by path, size and modification time, so that only new or
    changed files are read again. Times decide what is read, never what the digest is: `touch` does not change it.
    Errors: as in `matching_files`; a file that cannot be read is a `LacunaError` too.
    """
    names = matching_files(folder, pattern)
    contents = contents_of([Path(folder, name) for name in names], cache)
    return digest(*(part for pair in zip(names, contents, strict=True) for part in pair))


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


def _glob(root: Path, pattern: str) -> list[Path]:
    """Files below `root` that match, relative to it."""
    # glob.glob follows links to folders, as data sets often are; Path.glob does not
    names = glob.glob(pattern, root_dir=root, recursive=True)  # noqa: PTH207
    return [Path(name) for name in names if (root / name).is_file()]


def _read_cache(cache: str | Path | None) -> dict[str, list]:
    """The remembered entries; a missing or broken cache only costs time, so it counts as empty."""
    try:
        entries = json.loads(Path(cache).read_text()) if cache is not None else {}
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}
