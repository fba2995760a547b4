"""A folder of pictures and a folder of masks: which belong together."""

from pathlib import Path

from lacuna.data.stems import by_stem
from lacuna.errors import LacunaError

MASK_SUFFIX = "_mask"  # `photo_mask.png` is the mask of `photo.jpg`, as is `photo.png`


def pairs(images: Path, masks: Path) -> list[tuple[Path, Path]]:
    """(picture, mask) of every picture in a folder, sorted by name; one mask file serves all of them.

    A mask has its picture's name without suffix, or that with `_mask`. Subfolders are not entered. Errors: a
    `LacunaError` for an empty folder, a picture without a mask, and two files of one name but for the suffix.
    """
    found = by_stem(images)
    if masks.is_file():
        return [(path, masks) for path in found.values()]
    known = by_stem(masks)
    alone = [path for stem, path in found.items() if not {stem, stem + MASK_SUFFIX} & known.keys()]
    if alone:
        raise LacunaError(
            f"{len(alone)} of {len(found)} pictures have no mask in {masks}, the first is {alone[0].name}; "
            f"give it {alone[0].stem}.png or {alone[0].stem}{MASK_SUFFIX}.png"
        )
    return [(path, known.get(stem) or known[stem + MASK_SUFFIX]) for stem, path in found.items()]
