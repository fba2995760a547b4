"""What kinds have in common whose pictures lie in several files of one sort."""

from dataclasses import dataclass
from pathlib import Path

from lacuna.data.image_sources.archive import matching_archives
from lacuna.errors import LacunaError
from lacuna.keys import FilePath, key


@dataclass(frozen=True, kw_only=True)
class ShardKeys:
    """Which files."""

    shards: FilePath = key("the file; `*`, `?` and `**` in it name several, read in the order of their names")


def check(entry: dict, where: str) -> None:
    """There are such files."""
    if not files(entry):
        raise LacunaError(f"{where}.shards is {entry['shards']}, which names no file; correct the path")


def files(entry: dict) -> list[Path]:
    """The files, sorted."""
    return matching_archives(entry["shards"])
