"""Take somebody else's predictions into the comparison, paired with the images by file stem."""

from pathlib import Path

from PIL import Image

from lacuna.data.given_predictions import paired_predictions
from lacuna.data.indexes import write_index
from lacuna.data.lists import read_list
from lacuna.files import empty_folder, write_json


def run(task) -> None:
    settings, given, index = task.settings, Path(task.settings["folder"]), task.out("index")
    pairs = read_list(task.file("pairs"))
    images = [Path(pair.image) for pair in pairs]
    found = paired_predictions(images, given)
    folder, rows = empty_folder(index.parent, [given, *images]), list[dict]()
    without_alpha = 0
    for pair, (prediction, transparent) in zip(pairs, found, strict=True):
        without_alpha += transparent
        name = f"{len(rows):04d}.png"
        Image.fromarray(prediction).save(folder / name, compress_level=3)
        rows.append({"file": name, **pair._asdict()})
    write_json(task.out("record"), {"seconds": 0.0, "device": "not run here", "n": len(rows)})
    write_index(index, rows, ["file", "image", "mask"], len(rows))
    print(f"{settings['system']}: took {len(rows)} predictions from {given}")
    if without_alpha:
        print(f"{without_alpha} of the predictions have transparent pixels: their alpha was dropped, not their colours")
