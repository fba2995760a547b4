"""Which image goes with which mask."""

from itertools import cycle, islice
from pathlib import Path

import numpy as np

from lacuna.canonical import seed_of
from lacuna.cells import spelt
from lacuna.data.crops import Crop
from lacuna.data.indexes import read_index
from lacuna.data.lists import Pair
from lacuna.data.stems import masks_of, nearest, refuse_own_mask, stem_of
from lacuna.errors import LacunaError

_CROP = [f"crop_{side}" for side in Crop._fields]


def truths_for(settings: dict, pairs: list[Pair], images: Path, truths: Path) -> list[str]:
    """For each pair the picture of another index that is called as the pair's photograph is, and shows the same part.

    Errors: a `LacunaError` for a photograph without exactly one truth of its name, and for one that was cut otherwise.
    """
    name = settings["name"]
    rows, truth_rows = ({_path(index, row): row for row in _rows(index)} for index in (images, truths))
    _need_origins(name, "a truth of its own", {images: [*rows.values()], truths: [*truth_rows.values()]})
    named: dict[str, list[str]] = {}
    for path, row in truth_rows.items():
        named.setdefault(stem_of(row["origin"]), []).append(path)
    found = []
    for each in pairs:
        row = rows[each.image]
        its = named.get(stem_of(row["origin"]), [])
        if len(its) != 1:
            there = f"{len(its)} pictures" if its else f"no picture{nearest(stem_of(row['origin']), named)}"
            raise LacunaError(
                f"the photograph {spelt(row['origin'])} of {images.parent} has {there} of its name in {truths.parent}, "
                "which holds its truth; give each photograph one"
            )
        _refuse_other_part(row, truth_rows[its[0]], truths, "truth")
        found.append(its[0])
    return found


def pair(settings: dict, images: Path, masks: Path) -> tuple[list[Pair], list[str]]:
    """Pair the images of one index with the masks of another, and say what looks wrong.

    `settings` are `{name, mode, seed, pairing}`. `paired` (for reporting): each image has its own mask. With the
    pairing `drawn` (the default) masks are dealt by a seed that depends on the list's name and the `seed` (0 if there
    is none), and there must be as many of both; `by_name` takes the mask that is called as the photograph is
    (`lacuna.data.stems`), `by_order` the one in the same place of the sorted names. Mode `drawn` (for training, which
    draws masks at random): every image and every mask is listed, the shorter set repeated, whatever the pairing.
    Errors: a `LacunaError` for different numbers, an unknown mode or pairing, a photograph without a mask, a mask
    that was not cut as its photograph was, and an image that would be its own mask.
    """
    name, mode, pairing = settings["name"], settings["mode"], settings.get("pairing") or "drawn"
    image_rows, mask_rows = _rows(images), _rows(masks)
    notes: list[str] = []
    if mode not in ("paired", "drawn"):
        raise LacunaError(f"the list {name} has mode {mode!r}; choose paired or drawn")
    if mode == "drawn" or pairing == "drawn":
        pairs = _dealt(settings, images, masks, image_rows, mask_rows)
        if mode == "paired":
            notes = _names_match(image_rows, mask_rows, masks.parent)
    elif pairing in ("by_name", "by_order"):
        _need_origins(name, pairing, {images: image_rows, masks: mask_rows})
        by = _by_name if pairing == "by_name" else _by_order
        owned = list(by(name, image_rows, mask_rows, images, masks))
        for image, mask in owned:
            _refuse_other_part(image, mask, masks)
        pairs = [Pair(_path(images, image), _path(masks, mask)) for image, mask in owned]
    else:
        raise LacunaError(f"the list {name} has pairing {pairing!r}; choose drawn, by_name or by_order")
    for image, mask in pairs:
        refuse_own_mask(image, mask)
    return pairs, notes


def _dealt(settings: dict, images: Path, masks: Path, image_rows: list[dict], mask_rows: list[dict]) -> list[Pair]:
    name = settings["name"]
    rng = np.random.default_rng(seed_of("pair", name, settings.get("seed", 0)))
    mask_rows = [mask_rows[i] for i in rng.permutation(len(mask_rows))]
    if settings["mode"] == "paired" and len(image_rows) != len(mask_rows):
        raise LacunaError(
            f"the list {name} pairs {len(image_rows)} images of {images.parent} with {len(mask_rows)} masks of "
            f"{masks.parent}; make both sets equally large"
        )
    number = max(len(image_rows), len(mask_rows))
    both = (islice(cycle(rows), number) for rows in (image_rows, mask_rows))
    return [Pair(_path(images, image), _path(masks, mask)) for image, mask in zip(*both, strict=True)]


def _names_match(image_rows: list[dict], mask_rows: list[dict], folder: Path) -> list[str]:
    """A note where most photographs have a mask of their own name, which the dealing disregards."""
    if "origin" not in image_rows[0] or "origin" not in mask_rows[0]:
        return []
    photographs = {stem_of(row["origin"]) for row in image_rows}
    named = masks_of(photographs, [stem_of(row["origin"]) for row in mask_rows])
    if 2 * len(named) <= len(photographs):
        return []
    return [
        f"{len(named)} of {len(photographs)} photographs have a mask of their own name in {folder}, but masks are "
        "dealt at random; if each belongs to its photograph, give the mask set the key pairing: by_name"
    ]


def _by_name(name: str, image_rows: list[dict], mask_rows: list[dict], images: Path, masks: Path):
    known = {stem_of(row["origin"]): row for row in mask_rows}
    owned = masks_of({stem_of(row["origin"]) for row in image_rows}, known)
    for row in image_rows:
        its = owned.get(stem_of(row["origin"]), [])
        if len(its) != 1:
            there = f"has {len(its)} masks" if its else f"has no mask{nearest(stem_of(row['origin']), known)}"
            raise LacunaError(
                f"the list {name} pairs by name, but the photograph {spelt(row['origin'])} of {images.parent} {there} "
                f"in {masks.parent}; give each photograph one mask of its name"
            )
        yield row, known[its[0]]


def _by_order(name: str, image_rows: list[dict], mask_rows: list[dict], images: Path, masks: Path):
    if len({row["origin"] for row in image_rows}) != len(mask_rows) or len(image_rows) != len(mask_rows):
        raise LacunaError(
            f"the list {name} pairs by order, but {images.parent} has {len(image_rows)} images and {masks.parent} "
            f"{len(mask_rows)} masks; give each photograph one mask and one image, or pair by name"
        )
    masks_in_order = sorted(mask_rows, key=lambda row: row["origin"])
    places = {row["origin"]: place for place, row in enumerate(sorted(image_rows, key=lambda row: row["origin"]))}
    return [(row, masks_in_order[places[row["origin"]]]) for row in image_rows]


def _need_origins(name: str, pairing: str, rows: dict[Path, list[dict]]) -> None:
    for index, some in rows.items():
        if not {"origin", *_CROP} <= some[0].keys():
            raise LacunaError(
                f"the list {name} has pairing {pairing}, but {index} does not say which part of which file its "
                "pictures are; stage a folder, and make the masks with kind folder and this pairing"
            )


def _refuse_other_part(image: dict, mask: dict, masks: Path, what: str = "mask") -> None:
    parts = [tuple(row[side] for side in _CROP) for row in (image, mask)]
    if parts[0] != parts[1]:
        of_image, of_mask = (f"{width}×{height} pixels at ({left}, {top})" for left, top, width, height in parts)
        raise LacunaError(
            f"the {what} {spelt(mask['origin'])} of {masks.parent} was cut to {of_mask} and its photograph "
            f"{spelt(image['origin'])} to {of_image}; give both one size, and the image set crop: center"
        )


def _rows(index: Path) -> list[dict]:
    rows = read_index(index, "file")
    if not rows:
        raise LacunaError(f"{index} lists no files; make the set again")
    return rows


def _path(index: Path, row: dict) -> str:
    return (index.parent / row["file"]).as_posix()
