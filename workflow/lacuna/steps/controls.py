"""Make the pictures of the controls (mean fill, masked input; the ground truth is there) for lists of images."""

import os
from pathlib import Path

from PIL import Image

from lacuna.controls import FILLS
from lacuna.data.images import read_image, read_mask
from lacuna.data.indexes import write_index
from lacuna.data.lists import read_list, read_truths
from lacuna.files import empty_folder


def run(task) -> None:
    """Outputs are all controls' indexes of the test sets, a control after the other."""
    names, test_sets = task.settings["controls"], task.settings["test_sets"]
    indexes = iter(task.outs("indexes"))
    of = {(name, test_set): next(indexes) for name in names for test_set in test_sets}
    count = 0
    for test_set, path in zip(test_sets, task.files("pairs"), strict=True):
        pairs = read_list(path)
        _write(pairs, read_truths(path), {name: of[name, test_set] for name in names})
        count += len(pairs)
    print(f"{', '.join(names)} of {count} images")


def _write(pairs: list, truths: list[str], indexes: dict[str, Path]) -> None:
    """Every control of one test set; indexes: where each one's list of pictures goes, last of all."""
    folders = {name: empty_folder(index.parent) for name, index in indexes.items()}
    rows: dict[str, list] = {name: [] for name in indexes}
    for number, (pair, truth) in enumerate(zip(pairs, truths, strict=True)):
        image = read_image(pair.image)
        mask = read_mask(pair.mask)
        for name, folder in folders.items():
            file = f"{number:04d}.png"
            if name in FILLS:
                Image.fromarray(FILLS[name](image, mask)).save(folder / file, compress_level=3)
            else:
                file = os.path.relpath(truth, folder)
            rows[name].append({"file": file, **pair._asdict()})
    for name, index in indexes.items():
        write_index(index, rows[name], ["file", "image", "mask"], len(rows[name]))
