"""Files of a folder by their stem, which is what pairs them: order and number of files say nothing."""

from pathlib import Path

from lacuna.data.fingerprint import matching_files
from lacuna.errors import LacunaError


def by_stem(folder: str | Path) -> dict[str, Path]:
    """Stem → image file of a folder, sorted by name; the folders in it are not entered.

    Errors: as in `matching_files`, and a `LacunaError` for two files that differ in nothing but the suffix.
    """
    found: dict[str, Path] = {}
    for name in matching_files(folder, "*"):
        path = Path(folder, name)
        other = found.setdefault(path.stem, path)
        if other is not path:
            raise LacunaError(
                f"the folder {folder} holds {other.name} and {name}, which have one file stem; "
                "keep one of them, because files are paired by stem"
            )
    return found
