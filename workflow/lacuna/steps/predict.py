"""Predict the holes of every picture of a list; raw predictions as PNG."""

import time

from PIL import Image

from lacuna import systems
from lacuna.canonical import seed_of
from lacuna.data.images import read_image, read_mask
from lacuna.data.indexes import write_index
from lacuna.data.lists import read_list
from lacuna.data.parts import merge_predictions
from lacuna.errors import LacunaError
from lacuna.files import empty_folder, write_json

BATCH = 8


def run(task) -> None:
    settings, weights, index = task.settings, task.files("weights"), task.out("index")
    if parts := task.files("parts"):
        number = merge_predictions(parts, index, task.out("record"))
        print(f"{settings['system']}: put {number} predictions of {len(parts)} parts into {index.parent}")
        return
    if len(weights) > 1:
        raise LacunaError(f"this step takes one file of weights, not {len(weights)}; name one")
    start = settings.get("start", 0)
    pairs = read_list(task.file("pairs"), part=slice(start, settings.get("stop")))
    system = systems.create(settings["system"], **recipe_settings(settings))
    seed = seed_of("predict", settings["system"], settings["source"], settings["test_set"], settings["seed"])
    device = system.prepare(next(iter(weights), None), device=task.device, threads=task.threads, seed=seed)

    read = [path for pair in pairs for path in pair]
    folder, rows, first = empty_folder(index.parent, [*read, *weights]), list[dict](), None
    began = time.monotonic()
    for batch in _batches(pairs):
        in_batch, images, masks = zip(*batch, strict=True)
        _draw_anew(system, seed, start + len(rows))
        for pair, prediction in zip(in_batch, system.predict_arrays(images, masks), strict=True):
            name = f"{start + len(rows):04d}.png"
            Image.fromarray(prediction).save(folder / name, compress_level=3)
            rows.append({"file": name, **pair._asdict()})
        # kernels are chosen and memory is fetched once; what comes after is what a picture costs
        first = first or {"seconds": time.monotonic() - began, "n": len(rows)}
    seconds = time.monotonic() - began
    write_json(task.out("record"), {"seconds": seconds, "device": device, "n": len(rows), "first_batch": first})
    write_index(index, rows, ["file", "image", "mask"], len(rows))
    print(f"{settings['system']} predicted {len(rows)} pictures in {seconds:.1f} s ({device}), into {folder}")


def _draw_anew(system, seed: int, number: int) -> None:
    """Random numbers of a batch by the number of its first picture, so that none depends on how many came before."""
    if number and system.draws and system.network is not None:
        import torch

        torch.manual_seed(seed_of("batch", seed, number))


def recipe_settings(settings: dict) -> dict:
    """The settings that the system was trained with: the run's image size is one of them, if the system has it."""
    recipe = systems.system_class(settings["system"]).Recipe
    size = settings["image_size"]
    if "image_size" not in recipe.__dataclass_fields__:
        return settings["settings"]
    return {"image_size": size if isinstance(size, int) else max(size), **settings["settings"]}


def _batches(pairs: list):
    """Lists of (pair, image, mask), at most `BATCH` long, of one size each, in order."""
    batch: list[tuple] = []
    for pair in pairs:
        image = read_image(pair.image)
        mask = read_mask(pair.mask)
        if batch and (len(batch) == BATCH or batch[0][1].shape != image.shape):
            yield batch
            batch = []
        batch.append((pair, image, mask))
    yield batch
