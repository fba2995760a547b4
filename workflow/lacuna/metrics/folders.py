"""Any three folders of pictures, paired by their files' stems."""

from pathlib import Path

from lacuna.data.stems import by_stem
from lacuna.errors import LacunaError

EXAMPLES = 3


def paired_by_stem(truth: str | Path, predictions: str | Path, masks: str | Path) -> list[tuple[str, str, str]]:
    """(image, mask, prediction) for every stem, sorted: `0007.jpg`, `0007.png` and `0007.png` belong together.

    Only the folders themselves are read, not the folders in them. Files that do not pair, and two files of one stem in
    a folder, are a `LacunaError` that names some: a shifted pairing gives a perfect prediction the scores of a bad one.
    """
    folders = {"truth": truth, "masks": masks, "predictions": predictions}
    found = {name: by_stem(folder) for name, folder in folders.items()}
    everywhere = set.intersection(*(set(stems) for stems in found.values()))
    lacking = {
        stem: next(name for name in folders if stem not in found[name])
        for stem in sorted(set().union(*found.values()) - everywhere)
    }
    if lacking:
        some = "; ".join(f"{stem} is not in {folders[lacking[stem]]}" for stem in list(lacking)[:EXAMPLES])
        more = f", and {len(lacking) - EXAMPLES} more" if len(lacking) > EXAMPLES else ""
        counts = ", ".join(f"{len(found[name])} {name}" for name in folders)
        raise LacunaError(
            f"{len(lacking)} of the file stems do not pair ({counts}): {some}{more}; "
            "give truth, prediction and mask of an image one file stem"
        )
    return [tuple(found[name][stem].as_posix() for name in folders) for stem in sorted(everywhere)]
