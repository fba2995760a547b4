"""Lists of `image<TAB>mask`, one pair a line: what training, prediction and scoring read. Anybody's own list works.

A third path on every line is the truth that the completed image is scored against, where that is not the image itself.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lacuna.data.decoding import UNREADABLE, upright_size
from lacuna.data.images import read_mask
from lacuna.data.stems import refuse_own_mask
from lacuna.errors import LacunaError
from lacuna.files import atomic


class Pair(NamedTuple):
    """The two paths of a line, as they are written there: relative to the working directory."""

    image: str
    mask: str


def write_list(path: str | Path, pairs: list[Pair], truths: Sequence[str] = ()) -> None:
    """Write a list: names that are not UTF-8 as the bytes that they are. A name with a tab or a newline is refused.

    truths: one for each pair, or none at all where the images themselves are the truth.
    """
    lines = [(*pair, truth) for pair, truth in zip(pairs, truths, strict=True)] if truths else pairs
    for name in (name for line in lines for name in line):
        if "\t" in name or "\n" in name or "\r" in name:
            raise LacunaError(f"the name {name!r} cannot stand in a list of image<TAB>mask; rename the file")
    with atomic(path) as partial:
        text = "".join("\t".join(line) + "\n" for line in lines)
        partial.write_text(text, encoding="utf-8", errors="surrogateescape")


def read_list(path: str | Path, validate: bool = True, part: slice = slice(None)) -> list[Pair]:
    """The pairs of a list, in order; empty lines are passed over, and so are truths (`read_truths` has them).

    part: which of the pairs; the others are not looked at.

    Errors: a `LacunaError` with the line's number when a line is not two paths with a tab between them or a file is
    missing, and, with `validate`, when image and mask differ in size or the mask holds other values than 0 and 255.
    """
    numbered = {number: _parse(path, number, line) for number, line in _lines(path)[part]}
    if not numbered:
        raise LacunaError(f"the list {path} is empty; it needs lines of image<TAB>mask")
    if validate:
        _validate(path, numbered)
    return list(numbered.values())


def read_truths(path: str | Path) -> list[str]:
    """What each image of a list is scored against: its third path, or the image itself where there is none."""
    lines = [[part.strip() for part in line.split("\t")] for _, line in _lines(path)]
    return [parts[2] if len(parts) > 2 else parts[0] for parts in lines]


def _lines(path: str | Path) -> list[tuple[int, str]]:
    """The lines that are not empty, with their numbers."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise LacunaError(f"the list {path} cannot be read ({error}); make it or correct its name") from None
    return [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _parse(path: str | Path, number: int, line: str) -> Pair:
    parts = [part.strip() for part in line.split("\t")]
    if len(parts) not in (2, 3) or not all(parts):
        raise LacunaError(f"line {number} of {path} is not image<TAB>mask but {line!r}; put one tab between two paths")
    pair = Pair(*parts[:2])
    for what, file in zip(("image", "mask", "truth"), parts, strict=False):
        if not Path(file).is_file():
            raise LacunaError(
                f"the {what} {file} in line {number} of {path} does not exist; correct or remove the line"
            )
    refuse_own_mask(*pair)
    return pair


def _validate(path: str | Path, numbered: dict[int, Pair]) -> None:
    mask_sizes: dict[str, tuple[int, int]] = {}
    for number, pair in numbered.items():
        try:
            size = upright_size(pair.image)
        except UNREADABLE as error:
            raise LacunaError(f"the image {pair.image} in line {number} of {path} cannot be read ({error})") from None
        if pair.mask not in mask_sizes:
            try:
                height, width = read_mask(pair.mask).shape
            except LacunaError as error:
                raise LacunaError(f"line {number} of {path}: {error}") from None
            mask_sizes[pair.mask] = width, height
        if size != mask_sizes[pair.mask]:
            sizes = ["x".join(map(str, each)) for each in (size, mask_sizes[pair.mask])]
            raise LacunaError(
                f"line {number} of {path}: the image {pair.image} is {sizes[0]} but the mask {pair.mask} "
                f"is {sizes[1]}; give both one size"
            )
