"""Show all metrics: direction, range, how they are defined."""

import json
from dataclasses import replace
from pathlib import Path

PARITY = ("metric", "input", "ours", "theirs", "difference", "allowed", "their_code")
PARITY_HEAD = "## Beside other people's code"

EXAMPLE = "metrics --json"


def add_arguments(parser) -> None:
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="JSON list with every fact, instead of a table")
    shape.add_argument("--markdown", action="store_true", help="text of docs/metrics.md")
    parser.add_argument("--parity", type=Path, help="results/parity.csv, as the tests write it, for --markdown")


def run(args) -> None:
    from lacuna.errors import LacunaError
    from lacuna.files import read_rows
    from lacuna.metrics.per_image import METRICS
    from lacuna.metrics.per_set import SET_METRICS

    if args.parity and not args.markdown:
        raise LacunaError("--parity is a part of the document; give --markdown too")
    per_image, per_set = list(METRICS.values()), list(SET_METRICS.values())
    if args.json:
        rows = [{"of": "image", **facts(each)} for each in per_image]
        print(json.dumps(rows + [{"of": "set", **facts(each)} for each in per_set], indent=2, ensure_ascii=False))
    elif args.markdown:
        print(to_markdown(per_image, per_set, read_rows(args.parity, *PARITY) if args.parity else []))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("of", "name", "title", "range", "space")
        for of, metrics in (("image", per_image), ("set", per_set)):
            for each in metrics:
                table.add_row(of, each.name, f"{each.title} {each.arrow}", _range(each), each.space)
        Console(width=None if Console().is_terminal else 140).print(table)


def facts(metric) -> dict:
    """What is known about a metric, as JSON has it; an open end of its range is None."""
    low, high = (None if abs(end) == float("inf") else end for end in metric.range)
    names = ("name", "title", "unit", "direction", "space", "decimals", "note")
    needs = {"needs": metric.needs} if hasattr(metric, "needs") else {"minimal_size": metric.minimal_size}
    return {**{name: getattr(metric, name) for name in names}, "range": [low, high], **needs}


def to_markdown(per_image: list, per_set: list, parity: list[dict]) -> str:
    """The page of all metrics and regions, with the table of parity at its end."""
    from lacuna.metrics.facts import EMBEDDED, EMBEDDED_METRICS
    from lacuna.metrics.regions import REGIONS

    lines = [
        "# The metrics",
        "",
        "Made by `python -m pytest -n 0 tests/metrics/test_parity.py` and",
        "`lacuna metrics --markdown --parity results/parity.csv > docs/metrics.md`; a test holds the two together.",
        "",
        "## Of one image",
        "",
        "Every value is computed for the raw prediction and the composite, on the 8-bit pictures as they lie on disk,",
        "and for every region that the metric has a map for. All are finite, for identical pictures too.",
        "",
        *_facts(per_image),
        "",
        "| region | which pixels |",
        "|---|---|",
        *(f"| `{name}` | {region.note} |" for name, region in REGIONS.items()),
        "",
        "Behind a backbone `NAME` that the config names (`backbones`, [config/README.md](../config/README.md));",
        "exports and adapted copies are not judged by these:",
        "",
        *_facts([replace(each, name=f"{name}_NAME") for name, each in EMBEDDED_METRICS.items()]),
        "",
        "## Of a set",
        "",
        "From features that `lacuna step features` extracts once. A value that N is too small for is kept, with the",
        "flag `small-n`.",
        "",
        *_facts(per_set),
        "",
        "Behind a backbone `NAME` that the config names (`backbones`, [config/README.md](../config/README.md)):",
        "",
        *_facts([replace(each, name=f"{name}_NAME") for name, each in EMBEDDED.items()]),
        "",
        PARITY_HEAD,
        "",
        "| metric | of | ours | theirs | difference | allowed | their code |",
        "|---|---|---:|---:|---:|---:|---|",
        *("| " + " | ".join(row.values()) + " |" for row in parity),
    ]
    return "\n".join(lines)


def _facts(metrics: list) -> list[str]:
    lines = ["| name | metric | unit | range | space | needs | definition |", "|---|---|---|---|---|---|---|"]
    for each in metrics:
        reference = (each.measure.__doc__ or "").strip().splitlines()[0]
        cells = (
            f"`{each.name}`",
            f"{each.title} {each.arrow}",
            each.unit or "–",
            _range(each),
            each.space,
            _needs(each),
        )
        lines.append("| " + " | ".join([*cells, f"{reference} {each.note}"]) + " |")
    return lines


def _needs(metric) -> str:
    """How many images, or how large ones, a metric needs."""
    return f"{metric.needs} images" if hasattr(metric, "needs") else f"sides of {metric.minimal_size} pixels"


def _range(metric) -> str:
    low, high = (str(end).replace("inf", "∞").replace("-", "−") for end in metric.range)
    return f"{low} … {high}"
