"""Pair an image set with a mask set: write a list of image<TAB>mask."""

from pathlib import Path

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings",
        required=True,
        type=json_settings,
        help='{"name": …, "mode": "paired" or "drawn", "pairing": "drawn", "by_name" or "by_order"}',
    )
    parser.add_argument("--images", required=True, type=Path, help="the image set's index.csv")
    parser.add_argument("--masks", required=True, type=Path, help="the mask set's index.csv")
    parser.add_argument("--output", required=True, type=Path, help="the list to write")


def run(args) -> None:
    from lacuna.cells import shown
    from lacuna.data.lists import write_list
    from lacuna.data.pairing import pair

    pairs, notes = pair(args.settings, args.images, args.masks)
    write_list(args.output, pairs)
    for note in notes:
        print(f"warning: {shown(note)}")
    print(f"{shown(str(args.output))}: {len(pairs)} pairs ({args.settings['mode']})")
