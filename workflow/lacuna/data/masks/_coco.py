"""Objects out of annotations in COCO's format: polygons, and runs of pixels plain or compressed.

Lin et al., "Microsoft COCO: Common Objects in Context" (2014). Runs are counted down the columns, background first; in
the compressed form each number is a chain of characters of six bits (character code minus 48), five of them value, low
ones first, the sixth says that more follow, and from the fourth number on it is the difference to the one two before.
"""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lacuna.errors import LacunaError
from lacuna.registry import suggest

if TYPE_CHECKING:
    import numpy as np

_BITS = 4  # of a pixel's fraction, for polygons


def objects_of(path: Path, categories: list[str]) -> list:
    """One function for each object of the categories (all where none is named) that gives it as a list of one shape.

    Groups of objects (`iscrowd`) are left out. Errors: a `LacunaError` for a file that is not of this format, an
    unknown category, and a segmentation that cannot be drawn.
    """
    try:
        found = json.loads(path.read_bytes())
        names = {each["id"]: each["name"] for each in found.get("categories", [])}
        annotations = [each for each in found["annotations"] if not each.get("iscrowd")]
        wanted = {each for each, name in names.items() if name in categories}
        kept = [each for each in annotations if not categories or each["category_id"] in wanted]
        shapes = [(each["id"], each["segmentation"]) for each in kept]
    except (OSError, ValueError) as error:
        raise LacunaError(f"{path} cannot be read as JSON ({error}); give a file of annotations") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise LacunaError(
            f"{path} is not of COCO's format ({error} is missing or something else); give a file with 'annotations', "
            "each with 'id', 'category_id' and 'segmentation'"
        ) from None
    for name in categories:
        if name not in names.values():
            raise LacunaError(f"{path} has no category '{name}': {suggest(name, map(str, names.values()))}")
    return [partial(_object, path, number, segmentation) for number, segmentation in shapes]


def cut(inside: "np.ndarray") -> "np.ndarray":
    """What is True (H×W, somewhere), as uint8 h×w, 255 = object, without the empty rows and columns around it."""
    import numpy as np

    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    part = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.where(part, 255, 0).astype(np.uint8)


def _object(path: Path, number, segmentation) -> "list[np.ndarray]":
    try:
        inside = _runs(segmentation) if isinstance(segmentation, dict) else _polygons(segmentation)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise LacunaError(
            f"the segmentation of the annotation {number} in {path} cannot be drawn ({error}); repair or remove it"
        ) from None
    return [cut(inside)] if inside.any() else []


def _polygons(polygons: list) -> "np.ndarray":
    """bool h×w of a list of polygons, [x, y, x, y, …] each, in the box around them."""
    import cv2
    import numpy as np

    points = [np.asarray(each, np.float64).reshape(-1, 2) for each in polygons]
    every = np.concatenate(points)
    if not np.isfinite(every).all() or np.abs(every).max() > 2**15:
        raise ValueError("a point lies nowhere")
    origin = np.floor(every.min(0))
    width, height = (np.ceil(every.max(0) - origin) + 1).astype(int).tolist()
    drawn = np.zeros((height, width), np.uint8)
    cv2.fillPoly(drawn, [np.round((each - origin) * 2**_BITS).astype(np.int32) for each in points], 255, shift=_BITS)
    return drawn > 0


def _runs(segmentation: dict) -> "np.ndarray":
    """bool h×w of `size` [height, width] and `counts`."""
    import numpy as np

    height, width = segmentation["size"]
    counts = segmentation["counts"]
    counts = _decompressed(counts) if isinstance(counts, str) else counts
    if sum(counts) != height * width or min(counts) < 0:
        raise ValueError(f"its runs have {sum(counts)} pixels, and its size is {width}x{height}")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(width, height).T


def _decompressed(text: str) -> list[int]:
    counts: list[int] = []
    value, shift = 0, 0
    for code in (ord(character) - 48 for character in text):
        value |= (code & 0x1F) << shift
        shift += 5
        if not code & 0x20:
            if code & 0x10:  # the highest bit of value: a negative difference
                value -= 1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value, shift = 0, 0
    return counts
