"""Files of folders by their stems, which are what pairs them: order and number of files say nothing.

One convention for every command. A file's stem is its name below the folder without the suffix, in Unicode's normal
form C: `a/00000001`. The mask of the picture `photo` is called `photo`, `photo_mask` or, as LaMa's are,
`photo_mask001`; what was predicted under it is called after the picture or, as LaMa's predictions are, after the mask.
In one folder `photo_mask.png` beside `photo.jpg` is the mask of that picture and no picture.
"""

import difflib
import filecmp
import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lacuna.cells import printable, spelt
from lacuna.data.fingerprint import matching_files
from lacuna.errors import LacunaError

_MASK = re.compile(r"(.+)_mask\d*")
_EXAMPLES = 3


class Files(NamedTuple):
    """The pictures of a folder by stem, sorted, and the names of the files that are none."""

    of: dict[str, Path]
    passed_over: list[str]


def stem_of(name: str) -> str:
    """The stem of a picture's name below its folder."""
    return unicodedata.normalize("NFC", PurePosixPath(name).with_suffix("").as_posix())


def by_stem(folder: str | Path, apart_from: Iterable[str | Path] = ()) -> Files:
    """The image files below a folder; the folders of `apart_from` in it are not entered.

    Errors: as in `matching_files`, and a `LacunaError` for two files that differ in nothing but the suffix.
    """
    others = tuple(each for each in apart_from if not is_one_file(Path(each), Path(folder)))
    names, passed_over = matching_files(folder, leaving_out=others)
    found: dict[str, Path] = {}
    for name in names:
        path = Path(folder, name)
        other = found.setdefault(stem_of(name), path)
        if other is not path:
            raise LacunaError(
                f"the folder {folder} holds {spelt(other.relative_to(folder).as_posix())} and {spelt(name)}, which "
                "have one file stem; keep one of them, because files are paired by stem"
            )
    return Files(found, passed_over)


def is_mask_beside(stem: str, stems: Container[str]) -> bool:
    """Whether a file is the mask of a picture that lies beside it."""
    found = _MASK.fullmatch(stem)
    return found is not None and found[1] in stems


def pictures(files: Files) -> Files:
    """The files without the masks beside them."""
    masks = [stem for stem in files.of if is_mask_beside(stem, files.of)]
    names = [f"{files.of[stem].name} (the mask of a picture)" for stem in masks]
    return Files({s: path for s, path in files.of.items() if s not in set(masks)}, [*files.passed_over, *names])


def masks_of(stems: Container[str], masks: Iterable[str]) -> dict[str, list[str]]:
    """Picture → its masks, of stems; pictures without a mask, and masks without a picture, are left out.

    Where `photo` and `photo_mask` are both among the masks, the first one is the picture itself.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for mask in masks:
        match = _MASK.fullmatch(mask)
        if match and match[1] in stems:
            found[match[1]].append(mask)
        elif mask in stems:
            found[mask].append(mask)
    return {stem: [mask for mask in its if mask != stem] or its for stem, its in found.items()}


def prediction_of(stem: str, mask: str | None, predictions: dict[str, Path], named: dict[str, list[str]]) -> str | None:
    """The prediction of a picture under one of its masks, if there is one.

    mask: the stem of the mask where the picture has several, None where it has one. named: what `masks_of` says about
    the predictions, which may be called as masks are.
    """
    if mask is not None:
        return mask if mask in predictions else None
    its = named.get(stem, [])
    return its[0] if len(its) == 1 else None


def refuse_own_mask(picture: str | Path, mask: str | Path) -> None:
    """A `LacunaError` where both are one file, by whatever links, or copies of one file."""
    one, other = Path(picture), Path(mask)
    try:
        same = is_one_file(one, other) or (
            one.stat().st_size == other.stat().st_size and filecmp.cmp(one, other, shallow=False)
        )
    except OSError:  # said where the file is read
        return
    if same:
        raise LacunaError(
            f"the picture {spelt(picture)} and its mask {spelt(mask)} are one and the same, so that known pixels would "
            "be taken for a hole; name the file or the folder of the masks"
        )


def nearest(stem: str, stems: Iterable[str]) -> str:
    """Which of the stems is most like one that is not among them, in brackets; empty if none is."""
    near = difflib.get_close_matches(stem, stems, n=1)
    return f" (the nearest there is {spelt(near[0])})" if near else ""


def passed_over_sentence(what: str, names: list[str]) -> str:
    """How many files were passed over, and the first of them."""
    return f"passed over {len(names)} of {what} that are no pictures: {some(names)}"


def some(names: list[str]) -> str:
    """The first few names, for a sentence."""
    return ", ".join(printable(name) for name in names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")


def is_one_file(one: Path, other: Path) -> bool:
    """Whether both paths lead to one file; not where one does not exist or has too long a name, which its use says."""
    try:
        return one.samefile(other)
    except OSError:
        return False
