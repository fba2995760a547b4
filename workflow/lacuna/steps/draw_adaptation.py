"""Draw masks, augmentations and fills of test-time training on one picture of the run."""

from pathlib import Path

import torch

from lacuna.adaptation import drawings
from lacuna.adaptation.fillers import Pool, staged
from lacuna.data.images import read_image, read_mask
from lacuna.data.indexes import read_index
from lacuna.data.lists import read_list
from lacuna.data.photographs import photographs_of
from lacuna.data.tensors import image_tensor, mask_tensor

COVERAGE = 0.25  # the picture whose hole is nearest to it is drawn on: there is something to see in it and beside it


def run(task) -> None:
    pairs, seed = read_list(task.file("pairs")), task.settings["seed"]
    holes = [mask_tensor(read_mask(pair.mask)) for pair in pairs]
    number = min(range(len(pairs)), key=lambda i: abs(float(holes[i].mean()) - COVERAGE))
    pair, user = pairs[number], holes[number]
    image = _read(pair.image)
    photographs = photographs_of([pair.image for pair in pairs])
    pool = Pool(staged(task.files("pool"))).without(photographs[number])
    index = task.file("prediction")
    predicted = {row["image"]: index.parent / row["file"] for row in read_index(index, "file", "image", "mask")}
    draw = {
        "kinds_of_masks": lambda path: drawings.draw_kinds_of_masks(path, image, seed),
        "regions": lambda path: drawings.draw_regions(path, image, user, seed),
        "full_image_masks": lambda path: drawings.draw_full_image_masks(path, image, user, seed),
        "appearance": lambda path: drawings.draw_augmentations(path, image, user, drawings.APPEARANCE, seed),
        "location": lambda path: drawings.draw_augmentations(path, image, user, drawings.LOCATION, seed),
        "fills": lambda path: drawings.draw_fills(path, image, user, pool, _read(predicted[pair.image]), seed=seed),
    }
    for name, path in zip(task.settings["drawings"], task.outs("figures"), strict=True):
        draw[name](path)
        print(f"wrote {path}")


def _read(path: str | Path) -> torch.Tensor:
    """3×H×W in [0, 1]."""
    return image_tensor(read_image(path)).contiguous()
