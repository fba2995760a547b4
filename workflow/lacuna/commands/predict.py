"""Predict the holes of every picture of a list; raw predictions as PNG."""

import time
from pathlib import Path

from lacuna.arguments import json_settings, positive

BATCH = 8


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings",
        type=json_settings,
        required=True,
        help="JSON: system, settings, source, test_set, image_size, seed",
    )
    parser.add_argument("--list", required=True, type=Path, help="text file of image<TAB>mask lines")
    parser.add_argument(
        "--weights", nargs="*", default=[], type=Path, help="of a deep system: trained here, or its authors' own"
    )
    parser.add_argument("--gpus", type=int, default=0, help="0: the CPU; 1: a GPU if there is one (default: 0)")
    parser.add_argument("--threads", type=positive, default=2, help="of the CPU (default: 2)")
    parser.add_argument("--output", required=True, type=Path, help="index.csv to write, last of all, in its own folder")


def run(args) -> None:
    from PIL import Image

    from lacuna import systems
    from lacuna.canonical import seed_of
    from lacuna.data.lists import read_list
    from lacuna.errors import LacunaError
    from lacuna.files import empty_folder, write_json, write_rows

    settings = args.settings
    if len(args.weights) > 1:
        raise LacunaError(f"--weights takes one file, not {len(args.weights)}")
    pairs = read_list(args.list)
    system = systems.create(settings["system"], **_recipe_settings(settings, systems))
    seed = seed_of("predict", settings["system"], settings["source"], settings["test_set"], settings["seed"])
    device = system.prepare(next(iter(args.weights), None), gpus=args.gpus, threads=args.threads, seed=seed)

    read = [path for pair in pairs for path in pair]
    folder, rows, first = empty_folder(args.output.parent, [*read, *args.weights]), [], None
    began = time.monotonic()
    for batch in _batches(pairs):
        in_batch, images, masks = zip(*batch, strict=True)
        for pair, prediction in zip(in_batch, system.predict_arrays(images, masks), strict=True):
            name = f"{len(rows):04d}.png"
            Image.fromarray(prediction).save(folder / name, compress_level=3)
            rows.append({"file": name, **pair._asdict()})
        # kernels are chosen and memory is fetched once; what comes after is what a picture costs
        first = first or {"seconds": time.monotonic() - began, "n": len(rows)}
    seconds = time.monotonic() - began
    write_json(folder / "record.json", {"seconds": seconds, "device": device, "n": len(rows), "first_batch": first})
    write_rows(args.output, rows, ["file", "image", "mask"])
    print(f"{settings['system']} predicted {len(rows)} pictures in {seconds:.1f} s ({device}), into {folder}")


def _recipe_settings(settings: dict, systems) -> dict:
    """The settings that the system was trained with: the run's image size is one of them, if the system has it."""
    recipe = systems.system_class(settings["system"]).Recipe
    size = settings["image_size"]
    if "image_size" not in recipe.__dataclass_fields__:
        return settings["settings"]
    return {"image_size": size if isinstance(size, int) else max(size), **settings["settings"]}


def _batches(pairs: list):
    """Lists of (pair, image, mask), at most `BATCH` long, of one size each, in order."""
    from lacuna.data.images import read_image_bytes, read_mask_bytes

    batch = []
    for pair in pairs:
        image = read_image_bytes(pair.image).transpose(1, 2, 0)
        mask = read_mask_bytes(pair.mask)[0] == 1
        if batch and (len(batch) == BATCH or batch[0][1].shape != image.shape):
            yield batch
            batch = []
        batch.append((pair, image, mask))
    yield batch
