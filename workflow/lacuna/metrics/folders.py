"""Any folders of pictures, paired by the stems of their files."""

from pathlib import Path
from typing import NamedTuple

from lacuna.cells import spelt
from lacuna.data.stems import (
    Files,
    by_stem,
    is_one_file,
    masks_of,
    nearest,
    passed_over_sentence,
    pictures,
    prediction_of,
    refuse_own_mask,
    some,
)
from lacuna.errors import LacunaError

EXAMPLES = 3


class Paired(NamedTuple):
    """(image, mask, prediction) for every mask, sorted by the image; and what is to be said about the folders."""

    files: list[tuple[str, str, str]]
    notes: list[str]


def paired_by_stem(truth: str | Path, predictions: str | Path, masks: str | Path | None) -> Paired:
    """Which files belong together, as `lacuna.data.stems` describes; `masks` may be one file, the mask of all.

    Without `masks` the mask of every triple is "".

    Folders in the folders are entered. Files that do not pair, two files of one stem in a folder, and a mask that is
    its own picture or prediction are a `LacunaError`: a shifted pairing gives a perfect prediction the scores of a bad
    one.
    """
    folders = {"truth": Path(truth), "masks": Path(masks or ""), "predictions": Path(predictions)}
    for folder in folders.values():
        if not folder.exists():
            raise LacunaError(f"{folder} does not exist; correct the path")
    one_mask = None if masks and folders["masks"].is_dir() else masks or ""
    apart = [folder for name, folder in folders.items() if name != "masks" or one_mask is None]
    found = {
        name: Files({}, []) if name == "masks" and one_mask is not None else by_stem(folder, apart)
        for name, folder in folders.items()
    }
    notes = []
    for name in ("truth", "predictions"):
        found[name] = pictures(found[name])
    for name, (_, passed_over) in found.items():
        if passed_over:
            notes.append(passed_over_sentence(f"the files in {folders[name]}", passed_over))
    truths, known, predicted = (found[name].of for name in folders)
    owned, named = masks_of(truths, known), masks_of(truths, predicted)
    triples: list[tuple[str, str, str]] = []
    lacking: dict[str, str] = {}
    used: set[str] = set()
    for stem, image in truths.items():
        its = [""] if one_mask is not None else owned.get(stem, [])
        if not its:
            lacking[stem] = "masks"
        for name in its:
            prediction = prediction_of(stem, name if len(its) > 1 else None, predicted, named)
            if prediction is None:
                lacking[name if len(its) > 1 else stem] = "predictions"
                continue
            used.add(prediction)
            mask = known[name] if name else one_mask
            triples.append((str(image), str(mask), str(predicted[prediction])))
    taken = {mask for its in owned.values() for mask in its}
    pictures_beside = [str(known[s].relative_to(folders["masks"])) for s in known if s in owned and s not in taken]
    if pictures_beside and not is_one_file(folders["truth"], folders["masks"]):
        notes.append(
            f"{len(pictures_beside)} of {len(known)} files in {folders['masks']} are taken for pictures beside their "
            f"masks: {some(pictures_beside)}"
        )
    unknown = {s for s in known if s not in taken and not (s in truths and s in owned)}
    for stem in sorted((unknown | (predicted.keys() - used)) - lacking.keys()):
        if stem not in truths:
            lacking[stem] = "truth"
    if lacking:
        _refuse(dict(sorted(lacking.items())), folders, found)
    for picture, its_mask, made in triples if masks else []:
        refuse_own_mask(picture, its_mask)
        refuse_own_mask(made, its_mask)
    return Paired(triples, notes)


def _refuse(lacking: dict[str, str], folders: dict[str, Path], found: dict[str, Files]) -> None:
    examples = "; ".join(
        f"{spelt(stem)} is not in {spelt(folders[name])}{nearest(stem, found[name].of)}"
        for stem, name in list(lacking.items())[:EXAMPLES]
    )
    more = f", and {len(lacking) - EXAMPLES} more" if len(lacking) > EXAMPLES else ""
    counts = ", ".join(f"{len(files.of)} {name}" for name, files in found.items())
    raise LacunaError(
        f"{len(lacking)} of the file stems do not pair ({counts}): {examples}{more}; give truth, prediction and mask "
        "of an image one file stem (a mask's may end in _mask or _mask001), in folders of the same names"
    )
