"""Pictures in a tar or zip archive, which is read and never unpacked."""

import hashlib
import io
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from lacuna.data.origins import Origin
from lacuna.downloading import ADDRESS, FORM
from lacuna.errors import LacunaError
from lacuna.keys import FilePath, key

if TYPE_CHECKING:
    from PIL import Image

    from lacuna.data.image_sources._members import Member


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Where the archive is, and which of its pictures belong to the set."""

    archive: FilePath = key("the file: tar (plain, gzip, bzip2 or xz) or zip, told by what it holds", None)
    url: str = key(
        "instead of a file, its address `https://…#sha256=…`; a rule downloads it into `results/downloads`",
        None,
        form=(ADDRESS, FORM),
    )
    members: list[str] = key(
        "globs of which a member's path must match one; `*` is anything, slashes too", ["*"], least=1
    )

    @staticmethod
    def consistent(value: dict, where: str) -> None:
        """Either a file or an address."""
        if (value.get("archive") is None) == (value.get("url") is None):
            raise LacunaError(f"{where} needs either 'archive', a file, or 'url', its address; give one of them")


def check(entry: dict, where: str) -> None:
    """A named file is there."""
    if entry.get("archive") is not None and not Path(entry["archive"]).is_file():
        raise LacunaError(f"{where}.archive is {entry['archive']}, which is not a file; correct the path")


def downloads(entry: dict) -> list[str]:
    """The address of what is needed; none for a file that is here."""
    return [entry["url"]] if entry.get("url") is not None else []


def origins(settings: dict) -> tuple[list[Origin], dict[str, str]]:
    """The photographs of the archive, in the order of their paths in it, and what was passed over.

    Passed over is what is no picture by its suffix, links, devices and hidden files, and what is damaged. A member is
    known by the SHA-256 of its bytes. Errors: a `LacunaError` for what is no archive or is damaged, beyond the limits
    of `_members`, and where no picture is left.
    """
    from lacuna.data.formats import SUFFIXES
    from lacuna.data.image_sources._members import opened

    path = Path(settings["downloaded"][0]["path"] if settings.get("downloaded") else settings["archive"])
    found, passed_over = list[Origin](), dict[str, str]()
    for member in opened(path):
        hidden = any(part.startswith((".", "__MACOSX")) for part in member.name.split("/"))
        if not any(fnmatchcase(member.name, pattern) for pattern in settings.get("members") or ["*"]):
            continue
        if member.why_not or hidden or Path(member.name).suffix.lower() not in SUFFIXES:
            passed_over[member.name] = f"passed over: {member.why_not or ('hidden' if hidden else 'not a picture')}"
            continue
        try:
            found.append(Origin(member.name, hashlib.sha256(member.read()).hexdigest(), _reader(member), path))
        except OSError as error:
            passed_over[member.name] = f"cannot be read: {error}"
    if not found:
        raise LacunaError(
            f"no picture in the archive {path} matches {settings.get('members') or ['*']} "
            f"({len(passed_over)} members are something else); correct the globs or name another archive"
        )
    return sorted(found, key=lambda origin: origin.name), passed_over


def _reader(member: "Member"):
    def read() -> "tuple[Image.Image, bool]":
        from lacuna.data.decoding import decode

        return decode(io.BytesIO(member.read()))

    return read
