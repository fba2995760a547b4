"""What lies in an archive or a folder, read where it lies: nothing is written under a name that an archive gives.

What an archive could be hostile with is bounded: the number of its members, the size of each, the size of all, and how
much a member grows when it is decompressed.
"""

import lzma
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lacuna.errors import LacunaError

MOST_MEMBERS = 5_000_000
LARGEST = 1 << 28  # bytes of a member
LARGEST_ALL = 1 << 40  # bytes of all members
GROWTH = 200  # times its compressed size; no picture is compressed so well
DAMAGED = (
    *(OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(NotImplementedError, RuntimeError),
)
LINK = "a link or a device"


@dataclass(frozen=True)
class Member:
    """A member: its path in the store, what keeps it from being read (empty: nothing), its size, and its place."""

    name: str
    why_not: str
    size: int
    place: str


class Store(ABC):
    """An archive or a folder."""

    def __init__(self, path: Path):
        self.path = path

    @abstractmethod
    def listed(self) -> Iterator[Member]:
        """What is no folder, in the store's order."""

    @abstractmethod
    def read(self, place: str) -> bytes:
        """The bytes of a member, by its place; an `OSError` if they cannot be had. Threads may call it."""

    def members(self) -> Iterator[Member]:
        """The same as `listed` within the limits. Errors: a `LacunaError` for a damaged store and for a huge one."""
        total = 0
        try:
            for number, member in enumerate(self.listed()):
                total += member.size
                if number >= MOST_MEMBERS or member.size > LARGEST or total > LARGEST_ALL:
                    raise LacunaError(
                        f"the archive {self.path} has more than {MOST_MEMBERS:,} members, {LARGEST >> 20} MiB in one "
                        f"of them or {LARGEST_ALL >> 30} GiB in all (at {member.name!r}); unpack it yourself and use "
                        "kind: folder"
                    )
                yield member
        except DAMAGED as error:
            raise unreadable(self.path, error) from None


def unreadable(path: Path, error: Exception) -> LacunaError:
    """What is said of a damaged archive."""
    return LacunaError(f"the archive {path} cannot be read ({error}); fetch or pack it again")


def opened(path: Path) -> Store:
    """The store at a path, told by what it holds. Errors: a `LacunaError` for a file that is no archive or damaged."""
    from lacuna.data.image_sources._folder_store import FolderStore
    from lacuna.data.image_sources._seven_zip import SIGNATURE, SevenZip
    from lacuna.data.image_sources._tar import Tar
    from lacuna.data.image_sources._zip import Zip

    if path.is_dir():
        return FolderStore(path)
    try:
        with path.open("rb") as stream:
            if stream.read(len(SIGNATURE)) == SIGNATURE:
                return SevenZip(path)
        if zipfile.is_zipfile(path):
            return Zip(path)
        if tarfile.is_tarfile(path):
            return Tar(path)
    except DAMAGED as error:
        raise unreadable(path, error) from None
    raise LacunaError(f"{path} is neither a tar nor a zip nor a 7z archive; give one of these")
