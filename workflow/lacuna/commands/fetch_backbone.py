"""Fetch a published network by its hash, and store its weights with origin and licence beside them."""

import time
from pathlib import Path

from lacuna.backbones.catalogue import BACKBONES

EXAMPLE = "fetch-backbone --name vgg16 --output results/backbones/vgg16.safetensors"


def add_arguments(parser):
    parser.add_argument("--name", required=True, choices=sorted(BACKBONES), help="name of the network")
    parser.add_argument(
        "--output",
        required=True,
        help="file to write: results/backbones/<name>.safetensors (inception: results/backbones/inception.pt)",
    )


def run(args):
    from lacuna.backbones.fetching import fetch

    start = time.perf_counter()
    card = fetch(args.name, args.output)
    megabytes = Path(args.output).stat().st_size / 1e6
    print(
        f"{args.output}: {megabytes:.1f} MB from {card['origin']} ({card['file']}), weights verified, "
        f"{time.perf_counter() - start:.1f} s"
    )
