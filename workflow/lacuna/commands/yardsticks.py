"""Make the pictures of the yardsticks (mean fill, masked input; the ground truth is there) for lists of images."""

from pathlib import Path

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument("--settings", type=json_settings, required=True, help="JSON: yardsticks, test_sets")
    parser.add_argument(
        "--lists", required=True, nargs="+", type=Path, help="image<TAB>mask lines of each test set, in that order"
    )
    parser.add_argument(
        "--output-directory",
        required=True,
        type=Path,
        help="folder of predictions to write <yardstick>/yardstick/<test set>/ into, each with its index.csv last",
    )


def run(args) -> None:
    from lacuna.data.lists import read_list

    settings = args.settings
    count = 0
    for test_set, path in zip(settings["test_sets"], args.lists, strict=True):
        pairs = read_list(path)
        _write(pairs, test_set, settings["yardsticks"], args.output_directory)
        count += len(pairs)
    print(f"{', '.join(settings['yardsticks'])} of {count} images, into {args.output_directory}")


def _write(pairs: list, test_set: str, names: list[str], predictions: Path) -> None:
    """Every yardstick of one test set."""
    import os

    from PIL import Image

    from lacuna.data.images import read_image_bytes, read_mask_bytes
    from lacuna.files import empty_folder, write_rows
    from lacuna.yardsticks import FILLS, index_of

    indices = {name: index_of(predictions, name, test_set) for name in names}
    folders = {name: empty_folder(index.parent) for name, index in indices.items()}
    rows: dict[str, list] = {name: [] for name in names}
    for number, pair in enumerate(pairs):
        image = read_image_bytes(pair.image).transpose(1, 2, 0)
        mask = read_mask_bytes(pair.mask)[0] == 1
        for name, folder in folders.items():
            file = f"{number:04d}.png"
            if name in FILLS:
                Image.fromarray(FILLS[name](image, mask)).save(folder / file, compress_level=3)
            else:
                file = os.path.relpath(pair.image, folder)
            rows[name].append({"file": file, **pair._asdict()})
    for name, index in indices.items():
        write_rows(index, rows[name], ["file", "image", "mask"])
