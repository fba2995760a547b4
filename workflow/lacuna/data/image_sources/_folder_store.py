"""A folder, in the way of an archive."""

from collections.abc import Iterator

from lacuna.data.image_sources._members import Member, Store
from lacuna.data.walking import files_below


class FolderStore(Store):
    """A member is found by its name. Hidden files and folders are not seen."""

    def listed(self) -> Iterator[Member]:
        for name in files_below(self.path):
            if (self.path / name).is_file():
                yield Member(name.as_posix(), "", 0, name.as_posix())

    def read(self, place: str) -> bytes:
        return (self.path / place).read_bytes()
