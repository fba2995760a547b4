"""A folder of pictures and a folder of masks: which belong together."""

from pathlib import Path
from typing import NamedTuple

from lacuna.cells import spelt
from lacuna.data.stems import (
    by_stem,
    is_one_file,
    masks_of,
    nearest,
    passed_over_sentence,
    pictures,
    some,
)
from lacuna.errors import LacunaError


class Pair(NamedTuple):
    """A picture, its mask, and what the result is called below its folder, without suffix."""

    picture: Path
    mask: Path
    name: str


def pairs(images: Path, masks: Path, output: Path | None = None) -> tuple[list[Pair], list[str]]:
    """The pair of every picture and mask, sorted by the picture, and what is to be said about the folders.

    `lacuna.data.stems` describes which mask is a picture's; one mask file serves all pictures. Folders in the folders
    are entered, but for those of masks and results. A result is called as its picture, or as its mask where the
    picture has several. Masks without a picture are named. Errors: a `LacunaError` for an empty folder, a picture
    without a mask, and two files of one name but for the suffix.
    """
    found = pictures(by_stem(images, [masks, *([output] if output else [])]))
    notes = [passed_over_sentence(f"the files in {images}", found.passed_over)] if found.passed_over else []
    if masks.is_file():
        return [Pair(path, masks, _name(path, images)) for path in found.of.values()], notes
    known = by_stem(masks, [images, *([output] if output else [])]).of
    owned = masks_of(found.of, known)
    alone = [stem for stem in found.of if stem not in owned]
    if alone:
        first = found.of[alone[0]]
        raise LacunaError(
            f"{len(alone)} of {len(found.of)} pictures have no mask in {masks}, the first is {spelt(first.name)}; give "
            f"it {spelt(first.stem)}.png or {spelt(first.stem)}_mask.png{nearest(alone[0], known)}"
        )
    used = {mask for stem in found.of for mask in owned[stem]}
    alone = [name.relative_to(masks).as_posix() for stem, name in known.items() if stem not in used]
    if alone and not is_one_file(images, masks):
        notes.append(f"{len(alone)} of {len(known)} masks in {masks} have no picture: {some(alone)}")
    made = []
    for stem, path in found.of.items():
        its = owned[stem]
        made += [Pair(path, known[m], _name(known[m], masks) if len(its) > 1 else _name(path, images)) for m in its]
    return made, notes


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()
