"""Pictures in tar, zip or 7z archives, which are read and never unpacked."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import glob
from pathlib import Path

from lacuna.data.origins import Photographs
from lacuna.downloading import ADDRESS, FORM
from lacuna.errors import LacunaError
from lacuna.keys import FilePath, key


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Where the archive is, and which of its pictures belong to the set."""

    archive: FilePath = key(
        "the file: tar (plain, gzip, bzip2 or xz), zip or, with the package py7zr, 7z, told by what it holds; `*` and "
        "`?` in it name several files",
        None,
    )
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
    if entry.get("archive") is not None and not files(entry):
        raise LacunaError(f"{where}.archive is {entry['archive']}, which is not a file; correct the path")


def files(entry: dict) -> list[Path]:
    """The archives that are here, sorted; none where there is an address."""
    return matching_archives(entry["archive"]) if entry.get("archive") is not None else []


def downloads(entry: dict) -> list[str]:
    """The address of what is needed; none for a file that is here."""
    return [entry["url"]] if entry.get("url") is not None else []


def photographs(settings: dict) -> Photographs:
    """The photographs of the archives, in the order in which they lie there; `_pictures` says what is passed over.

    Errors: a `LacunaError` for what is no archive or is damaged, beyond the limits of `_members`, and where no picture
    is left.
    """
    from lacuna.data.image_sources._members import opened
    from lacuna.data.image_sources._pictures import pictures_of

    downloaded = settings.get("downloaded")
    paths = [Path(each["path"]) for each in downloaded] if downloaded else files(settings)
    patterns = settings.get("members") or ["*"]

    def wanted(name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in patterns)

    def none_found() -> LacunaError:
        return LacunaError(
            f"no picture in the archive {', '.join(map(str, paths[:3]))} matches {patterns}; correct the globs or "
            "name another archive"
        )

    return pictures_of([opened(path) for path in paths], wanted, none_found)


def matching_archives(pattern: str) -> list[Path]:
    """The files that a path with `*` and `?` names, sorted; a file that is called so itself is the one."""
    if Path(pattern).is_file():
        return [Path(pattern)]
    found = glob(pattern, recursive=True)  # noqa: PTH207 - of a whole path, which may be absolute
    return sorted(path for path in map(Path, found) if path.is_file())
