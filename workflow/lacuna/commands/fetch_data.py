"""Fetch a published set of photographs, or say where and how a person gets it."""

import sys
from pathlib import Path

EXAMPLE = "fetch-data dtd"


def add_arguments(parser):
    parser.add_argument("name", nargs="?", help="name of the set; left out: all sets are listed")
    parser.add_argument(
        "--folder", default="results/downloads", help="folder of all downloads (default: results/downloads)"
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a key of the set's entry in a config, such as split=val: fetches what such an entry needs, not all",
    )
    parser.add_argument("--card", action="store_true", help="print what is known of the set, and fetch nothing")


def run(args):
    from lacuna.data import image_sources, mask_downloads
    from lacuna.data.downloads import fetch, wanted
    from lacuna.errors import LacunaError
    from lacuna.registry import suggest

    cards = {name: kind.CARD for name in image_sources.names() if hasattr(kind := image_sources.load(name), "CARD")}
    cards |= {card.name: card for card in mask_downloads.CARDS}
    if args.name is None:
        for name, card in cards.items():
            print(f"{name:18} {card.n:>9,}  {card.title}: {card.terms}")
        return
    if args.name not in cards:
        raise LacunaError(f"there is no published set '{args.name}': {suggest(args.name, cards)}")
    card = cards[args.name]
    for name, value in card.facts().items():
        print(f"{name}: {value}")
    if args.card:
        return
    needed = card.files
    if args.option:
        kind = image_sources.load(args.name)
        needed = kind.downloads(_entry(kind, args.name, args.option))
    with _progress() as news:
        found = fetch(wanted(card, needed), args.folder, news)
    print(
        f"{len(found)} files, {sum(each['bytes'] for each in found) / 1e6:,.1f} MB, in {Path(args.folder, args.name)}"
    )


def _entry(kind, name: str, options: list[str]) -> dict:
    """The entry of a config that the options make, checked as a config is."""
    import yaml

    from lacuna.config.sections import ImageSet
    from lacuna.errors import LacunaError
    from lacuna.keys import check

    entry = {"kind": name}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise LacunaError(f"--option is '{option}'; give KEY=VALUE, such as split=val")
        known = yaml.safe_load(value)
        entry[key] = value if isinstance(known, int | float) and key != "partition" else known
    check(entry, ImageSet, name)
    return entry


def _progress():
    """Bars on a terminal, else lines now and then."""
    from contextlib import contextmanager, nullcontext

    if not sys.stdout.isatty():
        return nullcontext()

    @contextmanager
    def bars():
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns) as shown:
            tasks: dict = {}

            def news(url: str, got: int, whole: int | None) -> None:
                if url not in tasks:
                    tasks[url] = shown.add_task(url.rpartition("/")[2])
                shown.update(tasks[url], completed=got, total=whole)

            yield news

    return bars()
