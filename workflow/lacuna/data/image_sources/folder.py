"""Any folder of images, searched recursively."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lacuna.canonical import digest
from lacuna.cells import printable
from lacuna.data.fingerprint import matching_files
from lacuna.data.origins import Origin, workers
from lacuna.data.stems import is_mask_beside, stem_of
from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.keys import FilePath, key


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Where the images are, and which of them belong to the set."""

    path: FilePath = key("the folder")
    pattern: FilePath = key("the glob that files must match; `**` is any depth", "**/*")
    share: tuple[float, float] = key(
        "`[0, 0.8]` takes the photographs whose content hashes into that part: disjoint shares of one folder never "
        "share a photograph, not even under two names (files of the same bytes are one photograph; the same picture "
        "saved anew is another)",
        None,
        minimum=0,
        maximum=1,
        rising=True,
        shown="all",
    )


def check(entry: dict, where: str) -> None:
    """Nothing: what is in the folder is looked at when it is fingerprinted."""


def origins(settings: dict) -> tuple[list[Origin], dict[str, str]]:
    """The photographs of the folder that `settings` name, and what was passed over, as `origins_of_folder` says."""
    return origins_of_folder(settings["path"], settings.get("pattern") or "**/*", settings.get("share"))


def origins_of_folder(
    folder: str, pattern: str, share: list[float] | None = None
) -> tuple[list[Origin], dict[str, str]]:
    """The photographs of a folder, in the order of their names, and name → reason of the files passed over.

    Passed over is what is no picture, and the mask of a picture beside it (`lacuna.data.stems`).

    `share` = [lo, hi] keeps an origin when a number in [0, 1) that depends on its content alone is in [lo, hi), so
    sets with shares that do not overlap have no photograph in common, whatever the copies are called.
    Errors: `LacunaError` as in `matching_files`, and when no photograph falls into the share.
    """
    from lacuna.data.decoding import decode

    found, others = matching_files(folder, pattern)
    passed_over = dict.fromkeys(others, "passed over: not a picture by its suffix")
    stems = {stem_of(name) for name in found}
    masks = {name for name in found if is_mask_beside(stem_of(name), stems)}
    passed_over |= dict.fromkeys(sorted(masks), "passed over: the mask of a picture beside it")
    names = [name for name in found if name not in masks]
    paths = [Path(folder, name) for name in names]
    with workers() as pool:
        try:
            hashes = list(pool.map(sha256_of, paths))
        except OSError as error:
            raise LacunaError(
                f"{printable(str(error.filename))} cannot be read ({error.strerror}); repair or remove it"
            ) from None
    origins = [
        Origin(name, sha256, partial(decode, path), path)
        for name, path, sha256 in zip(names, paths, hashes, strict=True)
    ]
    if share is None:
        return origins, passed_over
    low, high = share
    if not 0 <= low < high <= 1:
        raise LacunaError(f"the share {share} of the folder {folder} is not a range; give [lo, hi] within [0, 1]")
    kept = [origin for origin in origins if low <= unit_number(origin.sha256) < high]
    if not kept:
        raise LacunaError(f"none of the {len(origins)} images in {folder} falls into the share {share}; widen it")
    return kept, passed_over


def unit_number(sha256: str) -> float:
    """A number in [0, 1) that depends on a content's digest alone, evenly spread over contents."""
    return int(digest("share", sha256)[:13], 16) / 16**13
