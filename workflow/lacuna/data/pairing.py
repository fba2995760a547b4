"""Which image goes with which mask."""

from itertools import cycle, islice
from pathlib import Path

import numpy as np

from lacuna.canonical import seed_of
from lacuna.data.lists import Pair
from lacuna.errors import LacunaError
from lacuna.files import read_rows


def pair(settings: dict, images: Path, masks: Path) -> list[Pair]:
    """Pair the images of one index with the masks of another; `settings` are `{name, mode, seed}`.

    Masks are shuffled by a seed that depends on the list's name and the `seed` (0 if there is none).
    `paired` (for reporting): each image has its own mask, so there must be as many of both. `drawn` (for training,
    which draws masks at random): every image and every mask is listed, the shorter set repeated.
    Errors: a `LacunaError` for different numbers or an unknown mode.
    """
    name, mode = settings["name"], settings["mode"]
    image_files, mask_files = _files(images), _files(masks)
    rng = np.random.default_rng(seed_of("pair", name, settings.get("seed", 0)))
    mask_files = [mask_files[i] for i in rng.permutation(len(mask_files))]
    if mode not in ("paired", "drawn"):
        raise LacunaError(f"the list {name} has mode {mode!r}; choose paired or drawn")
    if mode == "paired" and len(image_files) != len(mask_files):
        raise LacunaError(
            f"the list {name} pairs {len(image_files)} images of {images.parent} with {len(mask_files)} masks of "
            f"{masks.parent}; make both sets equally large"
        )
    number = max(len(image_files), len(mask_files))
    both = (islice(cycle(files), number) for files in (image_files, mask_files))
    return [Pair(*files) for files in zip(*both, strict=True)]


def _files(index: Path) -> list[str]:
    rows = read_rows(index, "file")
    if not rows:
        raise LacunaError(f"{index} lists no files; make the set again")
    return [(index.parent / row["file"]).as_posix() for row in rows]
