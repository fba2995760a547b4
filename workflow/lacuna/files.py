"""Files that are either whole or absent."""

import csv
import errno
import hashlib
import json
import os
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from lacuna.cells import cell, uncell
from lacuna.errors import LacunaError


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """While entered, an `OSError` that does not say its file (a write to a full disk does not) gets `path`."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def disk_full(error: OSError) -> str:
    """The sentence for an `OSError` of the kind ENOSPC or EDQUOT: which disk, and which file had no room."""
    path = Path(error.filename or ".").absolute()
    disk = next(parent for parent in (path, *path.parents) if os.path.ismount(parent))
    what = f"for {error.filename}" if error.filename else "for what this command writes"
    return f"no space is left on the disk mounted at {disk} {what}; free some and run the same command again"


def is_disk_full(error: OSError) -> bool:
    """Whether the disk, or the user's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it onto `path` only if the block succeeds.

    An `OSError` in the block that does not say its file names `path`, as does one that names the temporary path.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # not the name itself, which may be as long as one can be already
    short = hashlib.sha256(path.name.encode(errors="surrogateescape")).hexdigest()[:12]
    partial = path.with_name(f".{short}.{_machine()}.{os.getpid()}.partial{path.suffix}")
    try:
        with naming(path):
            yield partial
            partial.replace(path)
    except OSError as error:
        if str(error.filename) == str(partial):
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def sweep(folder: str | Path) -> None:
    """Remove what processes of this machine that were killed left half-written in a folder, as `atomic` names it."""
    for path in Path(folder).glob(f".*.{_machine()}.*.partial*"):
        try:
            os.kill(int(path.name.split(".")[3]), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except (ValueError, PermissionError):
            continue  # somebody else's file, or process


@cache
def _machine() -> str:
    """This machine, for the name of a file: a process's number says nothing on another one."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:6]


MARK = ".lacuna"  # a folder that Lacuna fills and empties; without it, or a card, numbered pictures are somebody's
LOCKS = r"\..*\.lock"  # of `lacuna.locking`; whoever holds one would hold nothing if it were removed
SIGNS = {MARK, "card.json", "record.json"}
OURS = re.compile(
    r"\d{4,}\.png|index\.parquet|(index|quarantine)\.csv(\.job\.json)?|(card|record)\.json"
    rf"|{re.escape(MARK)}|\..*\.partial.*"
)


def empty_folder(path: str | Path, inputs: Iterable[str | Path] = ()) -> Path:
    """Make `path` a folder without files of an earlier, different job: empty but for its mark, and locks.

    Only files with the names that sets and predictions have are removed, and only from a folder that bears one of
    `SIGNS`; anything else in there may be somebody's photographs and is a `LacunaError`, as is an input (a file or a
    folder that the job reads) in there.
    """
    path = Path(path)
    whole = path.resolve()
    for each in inputs:
        if Path(each).resolve().is_relative_to(whole):
            raise LacunaError(
                f"{each} is read, but lies inside {path}, which would be emptied; name another folder for the output"
            )
    present = sorted(path.iterdir()) if path.is_dir() else []
    present = [entry for entry in present if not re.fullmatch(LOCKS, entry.name)]
    known = bool(SIGNS & {entry.name for entry in present})
    foreign = [entry.name for entry in present if not known or entry.is_dir() or not OURS.fullmatch(entry.name)]
    if foreign:
        raise LacunaError(
            f"the folder {path} would be emptied, but it holds '{foreign[0]}', which Lacuna did not make; "
            "name another folder for the output"
        )
    path.mkdir(parents=True, exist_ok=True)
    (path / MARK).touch()  # first, and never taken away: whoever is killed in between can empty the folder again
    for entry in present:
        if entry.name != MARK:
            entry.unlink()
    return path


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hash_of(path, "sha256")


def hash_of(path: str | Path, kind: str) -> str:
    """The hash of a file's bytes in hexadecimal, by `hashlib`'s name of its kind."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, kind).hexdigest()


def write_json(path: str | Path, value) -> None:
    """Indented JSON, keys in the order given."""
    with atomic(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


class Record(dict):
    """An object of JSON out of a file; a key that it lacks, at any depth, is a `LacunaError` that names the file."""

    path: str | Path = ""

    def __missing__(self, key: str):
        raise LacunaError(f"{self.path} lacks '{key}', so that it is not what Lacuna wrote; make it again")


def read_json(path: str | Path) -> Record:
    """The object of JSON in a file; a missing or broken file, and another value, is a `LacunaError`."""

    def record(found: dict) -> Record:
        made = Record(found)
        made.path = path
        return made

    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"), object_hook=record)
    except (OSError, ValueError) as error:
        raise LacunaError(f"{path} cannot be read as JSON ({error}); make it again") from None
    except RecursionError:
        raise LacunaError(f"{path} cannot be read as JSON (it is nested too deep); make it again") from None
    if not isinstance(found, Record):
        raise LacunaError(f"{path} holds no object of JSON, so that it is not what Lacuna wrote; make it again")
    return found


def write_rows(path: str | Path, rows: Iterable[dict], columns: list[str]) -> None:
    """A CSV with a header line, its values as `cells.cell` writes them; other columns than `columns` are an error."""
    with atomic(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)


def read_rows(path: str | Path, *columns: str) -> list[dict[str, str]]:
    """The rows of a CSV with a header line, every value a string.

    A file without `columns` is a `LacunaError`, as is one that is cut off or has a row of another length.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            rows = [
                {name: uncell(text) if isinstance(text, str) else text for name, text in row.items()} for row in reader
            ]
            there = reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise LacunaError(f"{path} cannot be read ({reason}); run the rule that makes it first") from None
    missing = [name for name in columns if name not in there]
    if missing:
        raise LacunaError(f"{path} has no column '{missing[0]}', so it is not from Lacuna; name or make the right one")
    refuse_cut(path)
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise LacunaError(f"row {number} of {path} is not as long as its header; make the file again")
    return rows


def refuse_cut(path: str | Path) -> None:
    """A `LacunaError` for a text that does not end with a line's end: what was written whole does."""
    try:
        with Path(path).open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 1))
            whole = stream.read() in (b"\n", b"")  # what an empty file lacks is said where it is read
    except OSError:
        return  # likewise
    if not whole:
        raise LacunaError(f"{path} is cut off: its last line has no end; make it again")
