"""Members of a tar or zip archive, read where they lie: nothing is written under a name that an archive gives.

What an archive could be hostile with is bounded: the number of its members, the size of each, the size of all, and how
much a member grows when it is decompressed.
"""

import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lacuna.errors import LacunaError

MOST_MEMBERS = 5_000_000
LARGEST = 1 << 28  # bytes of a member
LARGEST_ALL = 1 << 40  # bytes of all members
GROWTH = 200  # times its compressed size; no picture is compressed so well
_DAMAGED = (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Member:
    """A member: its path in the archive, what keeps it from being read (empty: nothing), and its bytes."""

    name: str
    why_not: str
    read: Callable[[], bytes]


def opened(path: Path) -> Iterator[Member]:
    """The members of an archive that are not folders, in its order; their bytes can be read later and by any thread.

    A compressed tar is decompressed once, into a file without a name. Errors: a `LacunaError` for what is no archive,
    is damaged or beyond the limits.
    """
    try:
        zipped = zipfile.is_zipfile(path)
        if not zipped and not tarfile.is_tarfile(path):
            raise LacunaError(f"{path} is neither a tar nor a zip archive; give one of these")
        yield from _bounded(path, _of_zip(path) if zipped else _of_tar(path))
    except _DAMAGED as error:
        raise LacunaError(f"the archive {path} cannot be read ({error}); fetch or pack it again") from None


def _bounded(path: Path, members: Iterator[tuple[Member, int]]) -> Iterator[Member]:
    total = 0
    for number, (member, size) in enumerate(members):
        total += size
        if number >= MOST_MEMBERS or size > LARGEST or total > LARGEST_ALL:
            raise LacunaError(
                f"the archive {path} has more than {MOST_MEMBERS:,} members, {LARGEST >> 20} MiB in one of them or "
                f"{LARGEST_ALL >> 30} GiB in all (at {member.name!r}); unpack it yourself and use kind: folder"
            )
        yield member


def _of_zip(path: Path) -> Iterator[tuple[Member, int]]:
    archive = zipfile.ZipFile(path)  # kept open by the functions that read from it
    for info in archive.infolist():
        if info.is_dir():
            continue
        why_not = ""
        if (info.external_attr >> 16) & 0o170000 not in (0, 0o100000):
            why_not = "a link or a device"
        elif info.flag_bits & 1:
            why_not = "encrypted"
        elif info.file_size > GROWTH * max(1000, info.compress_size):
            why_not = f"it grows more than {GROWTH} times"

        def read(info: zipfile.ZipInfo = info) -> bytes:
            with _saying(path, info.filename), archive.open(info) as stream:
                return stream.read(LARGEST + 1)

        yield Member(info.filename, why_not, read), info.file_size


def _of_tar(path: Path) -> Iterator[tuple[Member, int]]:
    plain = _decompressed(path)
    with tarfile.open(fileobj=plain, mode="r:") as archive:
        for info in archive:
            if info.isdir():
                continue
            why_not = "" if info.isreg() and not info.issparse() else "a link or a device"

            def read(info: tarfile.TarInfo = info) -> bytes:
                data = os.pread(plain.fileno(), info.size, info.offset_data)
                if len(data) < info.size:
                    raise OSError(f"{info.name} in {path} is cut off")
                return data

            yield Member(info.name, why_not, read), info.size


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
    import bz2
    import gzip
    import lzma

    with path.open("rb") as stream:
        start = stream.read(6)
    for beginning, module in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ\0", lzma)):
        if start.startswith(beginning):
            return module.open(path)
    return path.open("rb")


@contextmanager
def _saying(path: Path, name: str) -> Iterator[None]:
    """A damaged member is an `OSError` that names it."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise OSError(f"{name} in {path} is damaged: {error}") from None
