"""An image, its mask and its prediction: which files belong together, and their pixels."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lacuna.data.images import read_image_noting, read_soft_mask
from lacuna.data.indexes import read_index
from lacuna.data.lists import read_list, read_truths
from lacuna.errors import LacunaError

Files = tuple[str, str, str | Path] | tuple[str, str, str | Path, str]
"""The files of an image, its mask and its prediction; and of its truth, where that is not the image itself."""


def paired_files(list_path: str | Path, index_path: str | Path) -> list[Files]:
    """`Files` for every line of the list; the predictions' index must agree line by line."""
    pairs = read_list(list_path, validate=False)  # sizes and masks are checked on reading
    index = read_index(index_path, "file", "image", "mask")
    if len(pairs) != len(index):
        raise LacunaError(
            f"{index_path} lists {len(index)} predictions, but {list_path} has {len(pairs)} pairs; predict again"
        )
    for line, (pair, row) in enumerate(zip(pairs, index, strict=True), start=1):
        if pair != (row["image"], row["mask"]):
            raise LacunaError(
                f"line {line} of {list_path} pairs {pair[0]} with {pair[1]}, but prediction {line} of {index_path} "
                f"was made from {row['image']} and {row['mask']}; predict again"
            )
    folder = Path(index_path).parent
    files = [(*pair, folder / row["file"]) for pair, row in zip(pairs, index, strict=True)]
    return with_truths(files, read_truths(list_path))


def with_truths(files: Sequence[tuple[str, str, str | Path]], truths: Sequence[str]) -> list[Files]:
    """The same with the truth of each, where that is another file than the image."""
    return [each if each[0] == truth else (*each, truth) for each, truth in zip(files, truths, strict=True)]


def truth_of(files: Files) -> str:
    """The file that a prediction is scored against."""
    return files[3] if len(files) > 3 else files[0]


class Triple(NamedTuple):
    """Truth H×W×3 (uint8), hole H×W (bool) and raw prediction H×W×3 (uint8) of one image.

    image: what was completed, H×W×3 (uint8); the truth itself but for sets whose truth is another picture.
    """

    truth: np.ndarray
    hole: np.ndarray
    prediction: np.ndarray
    image: np.ndarray


class Reading(NamedTuple):
    """What had to be decided when a triple was read."""

    soft: bool
    """The mask has values other than 0 and 255."""
    transparent: bool
    """The truth or the prediction has transparent pixels, whose alpha was dropped."""


def read_triple(files: Files, invert: bool = False) -> Triple:
    """The pixels of one image; `read_triple_noting` has the rest."""
    return read_triple_noting(files, invert)[0]


def read_triple_noting(files: Files, invert: bool = False) -> tuple[Triple, Reading]:
    """The pixels of one image, and what had to be decided; masks are read at 128, with `invert` the other way round.

    A file that cannot be read, or is of another size than the image, is a `LacunaError` that names it.
    """
    image, mask, prediction = files[:3]
    known, image_transparent = read_image_noting(image)
    hole, others = read_soft_mask(mask, invert)
    predicted, transparent = read_image_noting(prediction)
    truth, truth_transparent = (known, False) if truth_of(files) == image else read_image_noting(truth_of(files))
    for path, array in ((mask, hole), (prediction, predicted), (truth_of(files), truth)):
        if array.shape[:2] != known.shape[:2]:
            raise LacunaError(
                f"{path} is {array.shape[1]}×{array.shape[0]} pixels, but its image {image} is "
                f"{known.shape[1]}×{known.shape[0]}; make both at one size"
            )
    dropped = image_transparent or truth_transparent or transparent
    return Triple(truth, hole, predicted, known), Reading(len(others) > 0, dropped)
