"""Make an image set: photographs, cropped and resized, with an index and a card."""

from pathlib import Path

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument("--settings", required=True, type=json_settings, help="the set's settings as JSON")
    parser.add_argument("--output", required=True, type=Path, help="the index.csv to write, in the set's folder")


def run(args) -> None:
    from lacuna.data.staging import stage

    card = stage(args.settings, args.output)
    print(
        f"{card['name']}: {card['n']} images of {card['origins']} photographs, "
        f"{card['size'][0]}x{card['size'][1]}, digest {card['digest']}"
    )
