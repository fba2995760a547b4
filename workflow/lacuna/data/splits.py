"""Splits by photograph: nothing cropped from one photograph is both trained on and reported on."""

from pathlib import Path

from lacuna.data.indexes import read_index
from lacuna.errors import LacunaError


def check_splits(training: list[Path], evaluation: list[Path]) -> dict:
    """Compare the origins of image sets, given by their indexes; a set is called by its folder's name.

    Returns `{training: {set: photographs}, evaluation: {set: photographs}, shared: 0}`.
    Errors: a `LacunaError` that names a photograph found on both sides, and the two sets; and for a set without
    photographs, and two sets of one name on a side.
    """
    sides = [_named(side) for side in (training, evaluation)]
    for trained, known in sides[0].items():
        for evaluated, origins in sides[1].items():
            for sha256 in known.keys() & origins.keys():
                raise LacunaError(
                    f"the photograph {origins[sha256]} is in the training set {trained} and in the evaluation set "
                    f"{evaluated}; take it out of one of them, or give the folders shares that do not overlap"
                )
    numbers = [{name: len(origins) for name, origins in side.items()} for side in sides]
    return {"training": numbers[0], "evaluation": numbers[1], "shared": 0}


def _named(side: list[Path]) -> dict[str, dict[str, str]]:
    """Set → its photographs; two sets of one name would hide each other."""
    sets: dict[str, dict[str, str]] = {}
    for index in side:
        if index.parent.name in sets:
            raise LacunaError(f"two of the sets are called '{index.parent.name}' ({index} is one); rename a folder")
        sets[index.parent.name] = _origins(index)
    return sets


def _origins(index: Path) -> dict[str, str]:
    """Content → name of the photographs of a set; a set without any is a `LacunaError`."""
    found = {row["origin_sha256"]: row["origin"] for row in read_index(index, "origin", "origin_sha256")}
    if not found:
        raise LacunaError(f"{index} lists no photographs; make the set again")
    return found
