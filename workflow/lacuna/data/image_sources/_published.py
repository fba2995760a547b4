"""Somebody's copy of a published data set: its archives as they were published, or what was unpacked from them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from lacuna.data.cards import Card, File
from lacuna.data.image_sources._members import Store, opened
from lacuna.data.image_sources._pictures import pictures_of
from lacuna.data.origins import Photographs
from lacuna.data.walking import files_below
from lacuna.errors import LacunaError
from lacuna.keys import FilePath, key

PATH = "your copy: an archive, or the folder with the archives or with what was unpacked from them"
SHOWN = "`results/downloads/<kind>`, where `fetch-data` puts it"


@dataclass(frozen=True, kw_only=True)
class CopyKeys:
    """The key that all published sets have."""

    path: FilePath = key(PATH, None, shown=SHOWN)


Named = Callable[[dict], list[str]]
"""What an image set asks for → names of files."""


def copied(
    card: Card, archives: Named, texts: Named = lambda entry: [], fetched: Named | None = None
) -> tuple[Callable[[dict, str], None], Callable[[dict], list[File]], Callable[[dict], list[Path]]]:
    """`check`, `downloads` and `files` of a published set, as every kind of image source may have them.

    archives: those that hold the pictures asked for. texts: what else decides which pictures they are. fetched: what
    is brought where nobody names a copy; without it, the archives.
    """

    def check(entry: dict, where: str) -> None:
        """A copy that is named is there."""
        path = entry.get("path")
        if path is not None and not Path(path).exists():
            raise LacunaError(
                f"{where}.path is {path}, which is not there; correct it, or leave it out and run "
                f"'lacuna fetch-data {card.name}', which says where {card.title} is had"
            )

    def downloads(entry: dict) -> list[File]:
        """The files that a rule brings: none where somebody names a copy."""
        return [] if entry.get("path") is not None else [card.file(name) for name in (fetched or archives)(entry)]

    def files(entry: dict) -> list[Path]:
        """What of somebody's copy decides the set, for the plan."""
        if entry.get("path") is None:
            return []
        copy = Copy(card, entry, archives(entry))
        found = [path for name in texts(entry) if (path := copy.beside(name))]
        return sorted({*found, *(file for store in copy.paths for file in _below(store))})

    return check, downloads, files


def _below(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (path / name for name in files_below(path))


class Copy:
    """archives: names of the set's archives that hold the pictures asked for."""

    def __init__(self, card: Card, settings: dict, archives: list[str]):
        self.card = card
        downloaded = settings.get("downloaded") or []
        self.path = Path(downloaded[0]["path"]).parent if downloaded else Path(settings["path"])
        self._archives = archives

    @property
    def paths(self) -> list[Path]:
        """The archives, or the folder where there are none of them."""
        if self.path.is_file():
            return [self.path]
        found = [path for name in self._archives if (path := self.beside(name))]
        return found or [self.path]

    @cached_property
    def stores(self) -> list[Store]:
        """These, opened."""
        return [opened(path) for path in self.paths]

    def beside(self, name: str) -> Path | None:
        """A file of this name in the copy's folder, or up to two folders below, or beside an archive that is named."""
        folder = self.path.parent if self.path.is_file() else self.path
        for pattern in (name, f"*/{name}", f"*/*/{name}"):
            if path := next(iter(sorted(folder.glob(pattern))), None):
                return path
        return None

    def lines(self, name: str, why: str) -> list[str]:
        """The lines of a text of the set, which may lie beside the pictures or in one of the archives."""
        if path := self.beside(name):
            return path.read_text(encoding="utf-8", errors="replace").splitlines()
        for store in self.stores if self.path.is_file() or self.paths != [self.path] else ():
            for member in store.members():
                if PurePosixPath(member.name).name == name and not member.why_not:
                    return store.read(member.place).decode("utf-8", "replace").splitlines()
        raise LacunaError(
            f"{self.path} holds no {name}, which {why} takes; 'lacuna fetch-data {self.card.name}' says where "
            f"{self.card.title} is had"
        )

    def photographs(self, layout: str, wanted: Callable[[re.Match], bool] = lambda found: True) -> Photographs:
        """The pictures whose path ends as the regular expression `layout` says, and is wanted."""
        pattern = re.compile(rf"(?:^|/){layout}$", re.IGNORECASE)

        def is_wanted(name: str) -> bool:
            found = pattern.search(name)
            return found is not None and wanted(found)

        return pictures_of(self.stores, is_wanted, self._none_found)

    def _none_found(self) -> LacunaError:
        return LacunaError(
            f"{self.path} holds no picture of {self.card.title} that is asked for; name the folder or the archive as "
            "it is published, or correct the other keys"
        )
