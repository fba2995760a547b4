"""Which photograph each image was cut from: crops of one are not independent of each other."""

from collections.abc import Sequence
from pathlib import Path

from lacuna.data.indexes import read_index
from lacuna.errors import LacunaError

INDEX = "index.csv"


def photographs_of(images: Sequence[str | Path]) -> list[str]:
    """The photograph of every image: the hash of its origin, from the `index.csv` that staging left beside it.

    In a folder without one, every image is a photograph of its own, named by its path. A folder that is not there, an
    index that staging did not write, and an image that its index does not know, are each a `LacunaError`.
    """
    paths = [Path(image) for image in images]
    known: dict[Path, str] = {}
    for folder in sorted({path.parent for path in paths}):
        if not folder.is_dir():
            raise LacunaError(f"{folder} is missing, so the photographs behind these scores are unknown; restore it")
        if (folder / INDEX).is_file():
            known |= _origins(folder, [path for path in paths if path.parent == folder])
    return [known.get(path, str(path)) for path in paths]


def _origins(folder: Path, images: list[Path]) -> dict[Path, str]:
    index = folder / INDEX
    known = {folder / row["file"]: row["origin_sha256"] for row in read_index(index, "file", "origin_sha256")}
    absent = next((image for image in images if image not in known), None)
    if absent:
        raise LacunaError(f"{index} does not know {absent.name}; run the rules 'stage' and 'score' again")
    return known
