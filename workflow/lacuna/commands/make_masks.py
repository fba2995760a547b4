"""Make a mask set: masks in equal numbers per coverage bin, with an index and a card."""

from pathlib import Path

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument("--settings", required=True, type=json_settings, help="the set's settings as JSON")
    parser.add_argument("--output", required=True, type=Path, help="the index.csv to write, in the set's folder")


def run(args) -> None:
    from lacuna.data.masks.building import make_masks

    card = make_masks(args.settings, args.output)
    print(
        f"{card['name']}: {card['n']} masks ({card['kind']}), mean coverage {card['mean_coverage']:.1%}, "
        f"per bin {card['bins']}, digest {card['digest']}"
    )
