"""Tar archives: a plain one is read where it lies, a compressed one is decompressed once, into a nameless file."""

import bz2
import gzip
import lzma
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lacuna.data.image_sources._members import GROWTH, LINK, Member, Store
from lacuna.errors import LacunaError


class Tar(Store):
    """A member is found by where its bytes begin in the plain tar, and how many they are."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._plain = _decompressed(path)

    def listed(self) -> Iterator[Member]:
        self._plain.seek(0)
        with tarfile.open(fileobj=self._plain, mode="r:") as archive:
            while (entry := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # typeshed lacks it  # it keeps them all else, and memory would grow with their number
                if entry.isdir():
                    continue
                why_not = "" if entry.isreg() and not entry.issparse() else LINK
                yield Member(entry.name, why_not, entry.size, f"{entry.offset_data}:{entry.size}")

    def read(self, place: str) -> bytes:
        return read_part(self._plain, place, self.path)


def read_part(stream: IO[bytes], place: str, path: Path) -> bytes:
    """The bytes of a place `begin:size` of an open file; an `OSError` if it is cut off."""
    begin, size = map(int, place.split(":"))
    data = os.pread(stream.fileno(), size, begin)
    if len(data) < size:
        raise OSError(f"{path} is cut off")
    return data


def _decompressed(path: Path) -> IO[bytes]:
    """The plain tar, open, without its name where it had to be decompressed."""
    with path.open("rb") as stream:
        if stream.read(262)[257:] == b"ustar":
            return path.open("rb")
    whole, plain = 0, tempfile.TemporaryFile()  # noqa: SIM115 - members are read from it later
    most = GROWTH * path.stat().st_size
    with _stream(path) as stream:
        while piece := stream.read(1 << 20):
            whole += len(piece)
            if whole > most:
                raise LacunaError(f"the archive {path} grows more than {GROWTH} times; it is not one of pictures")
            plain.write(piece)
    plain.flush()
    plain.seek(0)
    return plain


def _stream(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        start = stream.read(6)
    for beginning, module in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ\0", lzma)):
        if start.startswith(beginning):
            return module.open(path)
    return path.open("rb")
