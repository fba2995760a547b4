"""7z archives, by the package py7zr: decompressed once, into a nameless file, as their members share one stream."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lacuna.data.image_sources._members import DAMAGED, GROWTH, LARGEST_ALL, LINK, Member, Store, unreadable
from lacuna.data.image_sources._tar import read_part
from lacuna.errors import LacunaError

SIGNATURE = b"7z\xbc\xaf\x27\x1c"


class SevenZip(Store):
    """A member is found by where its bytes begin in the decompressed file, and how many they are."""

    def __init__(self, path: Path):
        super().__init__(path)
        try:
            import py7zr
            from py7zr.exceptions import ArchiveError
        except ImportError:
            raise LacunaError(
                f"{path} is a 7z archive, which takes the package py7zr; install it (pip install py7zr), or pack the "
                "pictures as tar or zip"
            ) from None
        self._plain = tempfile.TemporaryFile()  # noqa: SIM115 - members are read from it later
        self._members: list[Member] = []
        try:
            with py7zr.SevenZipFile(path) as archive:
                if archive.needs_password():
                    raise LacunaError(f"the archive {path} is encrypted; unpack it yourself and use kind: folder")
                places = self._allot(archive.list())
                archive.extract(targets=list(places), factory=_factory(places, self._plain.fileno()))
        except (*DAMAGED, ArchiveError, ValueError) as error:
            raise unreadable(path, error) from None

    def _allot(self, entries) -> dict[str, tuple[int, int]]:
        """Name → where a member's bytes go, of those that are read."""
        places, begin = dict[str, tuple[int, int]](), 0
        for entry in entries:
            if entry.is_directory:
                continue
            size, name = entry.uncompressed or 0, entry.filename
            why_not = "" if entry.is_file and not entry.is_symlink else LINK
            if name.startswith("/") or ".." in name.split("/"):
                why_not = "its name leads out of the archive"
            if not why_not:
                places[name] = begin, size
            self._members.append(Member(name, why_not, size, f"{begin}:{size}"))
            begin += size * (not why_not)
        if begin > min(LARGEST_ALL, GROWTH * self.path.stat().st_size):
            raise LacunaError(f"the archive {self.path} grows more than {GROWTH} times; it is not one of pictures")
        return places

    def listed(self) -> Iterator[Member]:
        yield from self._members

    def read(self, place: str) -> bytes:
        return read_part(self._plain, place, self.path)


def _factory(places: dict[str, tuple[int, int]], descriptor: int):
    from py7zr.io import Py7zIO, WriterFactory

    class Part(Py7zIO):
        """Takes a member's bytes, and no more of them than the archive has promised."""

        def __init__(self, begin: int, size: int):
            self._begin, self._size, self._at = begin, size, 0

        def write(self, data) -> int:
            if self._at + len(data) > self._size:
                raise OSError("a member is longer than the archive says")
            os.pwrite(descriptor, data, self._begin + self._at)
            self._at += len(data)
            return len(data)

        def read(self, size=None) -> bytes:
            return b""

        def seek(self, offset: int, whence: int = 0) -> int:
            self._at = offset
            return offset

        def flush(self) -> None:
            pass

        def size(self) -> int:
            return self._at

    class Parts(WriterFactory):
        def create(self, filename: str):
            return Part(*places[filename])

    return Parts()
