"""Pictures in compressed tables: each is copied once into a nameless file, where it can be read in any order."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from lacuna.data.image_sources._members import Member, Store
from lacuna.data.image_sources._tar import read_part


class Spool(Store):
    """pictures: name and bytes of each, None where there are none; gone through once."""

    def __init__(self, path: Path, pictures: Iterable[tuple[str, bytes | None]]):
        super().__init__(path)
        self._pictures = pictures
        self._copies = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - members are read from it later

    def listed(self) -> Iterator[Member]:
        begin = 0
        for name, data in self._pictures:
            if data is None:
                yield Member(name, "it holds no bytes", 0, "0:0")
                continue
            os.pwrite(self._copies.fileno(), data, begin)
            yield Member(name, "", len(data), f"{begin}:{len(data)}")
            begin += len(data)

    def read(self, place: str) -> bytes:
        return read_part(self._copies, place, self.path)
