"""A frozen mask set: masks of one family in equal numbers per coverage bin, with an index and a card."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from lacuna.canonical import digest, seed_of
from lacuna.data.indexes import write_index
from lacuna.data.masks import is_given, load
from lacuna.data.masks.bins import Bin, coverage_bins
from lacuna.data.sizes import width_and_height
from lacuna.errors import LacunaError
from lacuna.files import empty_folder, write_json, write_rows
from lacuna.keys import check

INDEX_COLUMNS = ["file", "coverage", "bin", "seed", "sha256"]


class Mask(NamedTuple):
    """One mask of a set."""

    values: np.ndarray
    """uint8 H×W, 255 = hole, 0 = valid."""
    bin: Bin
    seed: int
    """What the mask was drawn from; for given masks, what their choice was drawn from."""
    origin: dict
    """For given masks `origin`, the file's name in its folder, and with `pairing` also which part of it was taken."""


def masks(settings: dict) -> Iterator[Mask]:
    """The masks of the set that `settings` describe, in order.

    The bins take turns, so their numbers are equal and the first ones get the remainder. Each generated mask
    depends on the set's seed and name, its number and its bin alone.
    Errors: a `LacunaError` for an unknown family or option, or where a bin cannot be filled.
    """
    return _given(settings, _given_masks(settings)) if is_given(settings["kind"]) else _drawn(settings)


def _drawn(settings: dict) -> Iterator[Mask]:
    family, name = load(settings["kind"]), settings["name"]
    size, bins = width_and_height(settings["image_size"]), _bins(settings)
    options = _options(settings)
    stock = (family.read(settings),) if hasattr(family, "read") else ()
    for i in range(_count(settings)):
        wanted = bins[i % len(bins)]
        seed = seed_of(settings["seed"], name, i)
        values = family.draw(np.random.default_rng(seed), size, *wanted.pixels(size[0] * size[1]), options, *stock)
        if values is None:
            raise LacunaError(
                f"no mask of {name} with coverage {wanted.label} was found with the options {options}; "
                f"choose other options or a wider range"
            )
        yield Mask(values, wanted, seed, {})


def _options(settings: dict):
    """The family's options with the set's values in them; a misspelt or mistyped one is an error."""
    family, given = load(settings["kind"]), settings.get("options") or {}
    check(given, family.Options, f"the options of the mask set {settings['name']}")
    return family.Options(**given)


def _given_masks(settings: dict):
    return load(settings["kind"]).GivenMasks(settings, width_and_height(settings["image_size"]), _bins(settings))


def _given(settings: dict, found) -> Iterator[Mask]:
    bins = _bins(settings)
    seed = seed_of(settings["seed"], settings["name"])
    for given, b in _all_in_order(settings, found, bins) if found.own_pairs else _chosen(settings, found, bins, seed):
        yield Mask(found.read(given.name), b, seed, found.origin(given.name))


def _all_in_order(settings: dict, found, bins: list[Bin]) -> list:
    """Every mask of the folder: each belongs to a picture."""
    own = found.own(bins)
    if settings.get("count") not in (None, len(own)):
        raise LacunaError(
            f"the mask set {settings['name']} asks for {settings['count']} masks and gives each picture its own of the "
            f"{len(own)} in {found.folder}; set count to null"
        )
    return own


def _chosen(settings: dict, found, bins: list[Bin], seed: int) -> list:
    inside = [sorted(found.inside(b), key=lambda given: digest(str(seed), given.sha256)) for b in bins]
    if settings.get("count") is None:
        if not any(inside):
            raise LacunaError(f"no mask in {found.folder} covers {settings['coverage']}; widen the range")
        return [(given, b) for b, some in zip(bins, inside, strict=True) for given in some]
    count = _count(settings)
    for i, (b, some) in enumerate(zip(bins, inside, strict=True)):
        asked = len(range(i, count, len(bins)))
        if len(some) < asked:
            raise LacunaError(
                f"the mask set {settings['name']} needs {asked} masks with coverage {b.label} but the folder "
                f"{found.folder} has {len(some)}; ask for fewer masks or another coverage"
            )
    return [(inside[i % len(bins)][i // len(bins)], bins[i % len(bins)]) for i in range(count)]


def _bins(settings: dict) -> list[Bin]:
    """The set's bins, none of them so narrow that no whole number of pixels falls into it."""
    width, height = width_and_height(settings["image_size"])
    bins = coverage_bins(settings["coverage"], settings["bins"])
    for b in bins:
        fewest, most = b.pixels(width * height)
        if fewest > most:
            raise LacunaError(
                f"no mask of {width}x{height} pixels has a coverage in {b.label}, a bin of {settings['name']}; "
                f"ask for fewer bins or a wider coverage"
            )
    return bins


def _count(settings: dict) -> int:
    count = settings.get("count")
    if not count or count < 1:
        raise LacunaError(f"the mask set {settings['name']} asks for {count} masks; ask for at least one")
    return count


def make_masks(settings: dict, output: Path) -> dict:
    """Store the set that `settings` describe in the folder of `output` (its index.csv); return its card.

    Errors: as in `masks`; then there is no index.
    """
    given = _given_masks(settings) if is_given(settings["kind"]) else None
    made = _given(settings, given) if given else masks(settings)
    first = next(made)  # settings are checked by now, and an earlier set is not emptied for a misspelt option
    read = [settings[key] for key in ("path", "annotations") if settings.get(key) is not None]
    folder = empty_folder(output.parent, read)
    rows: list[dict] = []
    for i, mask in enumerate(chain([first], made)):
        file = folder / f"{i:0{max(4, len(str((settings.get('count') or 1) - 1)))}d}.png"
        png = cv2.imencode(".png", mask.values)[1].tobytes()
        file.write_bytes(png)
        coverage = np.count_nonzero(mask.values) / mask.values.size
        values = [file.name, f"{coverage:.6f}", mask.bin.label, mask.seed, hashlib.sha256(png).hexdigest()]
        rows.append(dict(zip(INDEX_COLUMNS, values, strict=True)) | mask.origin)
    numbers = Counter(row["bin"] for row in rows)
    card = {
        "name": settings["name"],
        "kind": settings["kind"],
        "n": len(rows),
        "size": list(width_and_height(settings["image_size"])),
        "digest": digest(*(row["sha256"] for row in rows)),
        "coverage": settings["coverage"],
        "mean_coverage": round(sum(float(row["coverage"]) for row in rows) / len(rows), 6),
        "bins": {b.label: numbers[b.label] for b in _bins(settings)},
        "seed": settings["seed"],
        "options": settings.get("options") or {},
    }
    if published := getattr(load(settings["kind"]), "CARD", None):
        card["published"] = published.facts()
    if given:
        card |= {"pairing": given.pairing, "passed_over": len(given.passed_over)}
        others = [{"origin": name, "reason": "passed over: no mask"} for name in given.passed_over]
        write_rows(folder / "quarantine.csv", others, ["origin", "reason"])
    write_json(folder / "card.json", card)
    write_index(output, rows, [*INDEX_COLUMNS, *first.origin], len(rows))
    return card
