"""Any folder of images, searched recursively."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lacuna.canonical import digest
from lacuna.cells import printable
from lacuna.data.fingerprint import Found, matching_files
from lacuna.data.origins import Origin, PassedOver, Photographs, workers
from lacuna.data.stems import is_mask_beside, stem_of
from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.keys import FilePath, key

_AT_ONCE = 256  # files that are hashed ahead


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


def photographs(settings: dict) -> Photographs:
    """The photographs of the folder that `settings` name, in the order of their names.

    Passed over is what is no picture, and the mask of a picture beside it (`lacuna.data.stems`).

    `share` = [lo, hi] keeps an origin when a number in [0, 1) that depends on its content alone is in [lo, hi), so
    sets with shares that do not overlap have no photograph in common, whatever the copies are called.
    Errors: `LacunaError` as in `matching_files`, and when no photograph falls into the share.
    """
    from lacuna.data.decoding import decode

    folder = Path(settings["path"])
    found = matching_files(folder, settings.get("pattern") or "**/*")
    share = settings.get("share")
    if share is not None and not 0 <= share[0] < share[1] <= 1:
        raise LacunaError(f"the share {share} of the folder {folder} is not a range; give [lo, hi] within [0, 1]")
    return Photographs(_listed(folder, found, share), lambda place: decode(folder / place))


def _listed(folder: Path, found: Found, share: list[float] | None) -> Iterator[Origin | PassedOver]:
    for name in found.passed_over:
        yield PassedOver(name, "passed over: not a picture by its suffix")
    stems = {stem_of(name) for name in found.pictures}
    names, kept = list[str](), 0
    for name in found.pictures:
        if is_mask_beside(stem_of(name), stems):
            yield PassedOver(name, "passed over: the mask of a picture beside it")
        else:
            names.append(name)
    with workers() as pool:
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            try:
                hashes = list(pool.map(lambda name: sha256_of(folder / name), some))
            except OSError as error:
                raise LacunaError(
                    f"{printable(str(error.filename))} cannot be read ({error.strerror}); repair or remove it"
                ) from None
            for name, sha256 in zip(some, hashes, strict=True):
                if share is None or share[0] <= unit_number(sha256) < share[1]:
                    kept += 1
                    yield Origin(name, sha256, name, folder / name)
    if not kept:
        raise LacunaError(f"none of the {len(names)} images in {folder} falls into the share {share}; widen it")


def unit_number(sha256: str) -> float:
    """A number in [0, 1) that depends on a content's digest alone, evenly spread over contents."""
    return int(digest("share", sha256)[:13], 16) / 16**13
