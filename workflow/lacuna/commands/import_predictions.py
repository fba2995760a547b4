"""Take somebody else's predictions into the comparison, paired with the images by file stem."""

from pathlib import Path

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument("--settings", type=json_settings, required=True, help="JSON: system, test_set")
    parser.add_argument("--list", required=True, type=Path, help="text file of image<TAB>mask lines")
    parser.add_argument("--folder", required=True, type=Path, help="their predictions, named as the images are")
    parser.add_argument("--output", required=True, type=Path, help="index.csv to write, last of all, in its own folder")


def run(args) -> None:
    from PIL import Image

    from lacuna.data.given_predictions import paired_predictions
    from lacuna.data.lists import read_list
    from lacuna.files import empty_folder, write_json, write_rows

    settings = args.settings
    pairs = read_list(args.list)
    images = [Path(pair.image) for pair in pairs]
    found = paired_predictions(images, args.folder)
    folder, rows = empty_folder(args.output.parent, [args.folder, *images]), []
    without_alpha = 0
    for pair, (prediction, transparent) in zip(pairs, found, strict=True):
        without_alpha += transparent
        name = f"{len(rows):04d}.png"
        Image.fromarray(prediction).save(folder / name, compress_level=3)
        rows.append({"file": name, **pair._asdict()})
    write_json(folder / "record.json", {"seconds": 0.0, "device": "not run here", "n": len(rows)})
    write_rows(args.output, rows, ["file", "image", "mask"])
    print(f"{settings['system']}: took {len(rows)} predictions from {args.folder}")
    if without_alpha:
        print(f"{without_alpha} of the predictions have transparent pixels: their alpha was dropped, not their colours")
