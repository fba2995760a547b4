"""Zip archives."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from lacuna.data.image_sources._members import GROWTH, LARGEST, LINK, Member, Store


class Zip(Store):
    """A member is found by its number: several may have one name."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._archive, self._process = zipfile.ZipFile(path), os.getpid()
        self._entries = self._archive.infolist()

    def listed(self) -> Iterator[Member]:
        for number, entry in enumerate(self._entries):
            if entry.is_dir():
                continue
            why_not = ""
            if (entry.external_attr >> 16) & 0o170000 not in (0, 0o100000):
                why_not = LINK
            elif entry.flag_bits & 1:
                why_not = "encrypted"
            elif entry.file_size > GROWTH * max(1000, entry.compress_size):
                why_not = f"it grows more than {GROWTH} times"
            yield Member(entry.filename, why_not, entry.file_size, str(number))

    def read(self, place: str) -> bytes:
        if self._process != os.getpid():  # a copy of the one that opened it, whose place in the file it would share
            self._archive, self._process = zipfile.ZipFile(self.path), os.getpid()
        entry = self._entries[int(place)]
        try:
            with self._archive.open(entry) as stream:
                return stream.read(LARGEST + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise OSError(f"{entry.filename} in {self.path} is damaged: {error}") from None
