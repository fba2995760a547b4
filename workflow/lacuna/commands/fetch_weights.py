"""Fetch weights that a system's authors released, by their hash; `lacuna weights` lists them."""

from lacuna.places import WEIGHTS

EXAMPLE = "fetch-weights lama/places2"


def add_arguments(parser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="names of `lacuna weights`, such as lama/places2")
    parser.add_argument("--folder", default=WEIGHTS, help=f"folder to fetch into (default: {WEIGHTS})")


def run(args) -> None:
    from lacuna.released.catalogue import PREFIX, released
    from lacuna.released.fetching import fetch_weights

    entries = [released(name) for name in args.names]  # a misspelt name stops before anything is fetched
    for entry in entries:
        path = fetch_weights(entry.name, args.folder)
        print(f"{path}: {path.stat().st_size / 1e6:,.1f} MB, verified; use it as {PREFIX}{entry.name}", flush=True)
