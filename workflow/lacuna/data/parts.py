"""The predictions of a large test set, which several jobs made, as one folder."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from lacuna.data.indexes import read_index, write_index
from lacuna.files import empty_folder, read_json, write_json


def merge_predictions(indexes: Sequence[Path], index: Path, record: Path) -> int:
    """Put the pictures of the parts' folders into that of `index`, and write index and record; how many there are.

    Pictures are linked, so that they take no room twice where the file system knows links. Their numbers are those of
    the whole set already. Seconds are those of all parts together.
    """
    rows: list[dict] = []
    folder = empty_folder(index.parent, indexes)
    records = [read_json(part.with_name(record.name)) for part in indexes]
    for part in indexes:
        found = read_index(part, "file", "image", "mask")
        for row in found:
            _link(part.parent / row["file"], folder / row["file"])
        rows += found
    first = [each["first_batch"] for each in records]
    together = {name: sum(each[name] for each in first) for name in ("seconds", "n")}
    seconds, devices = sum(each["seconds"] for each in records), dict.fromkeys(each["device"] for each in records)
    write_json(
        record,
        {"seconds": seconds, "device": ", ".join(devices), "n": len(rows), "first_batch": together},
    )
    write_index(index, rows, ["file", "image", "mask"], len(rows))
    return len(rows)


def _link(made: Path, path: Path) -> None:
    try:
        os.link(made, path)
    except OSError:  # a file system without links
        shutil.copyfile(made, path)
