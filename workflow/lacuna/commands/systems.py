"""Show all systems: paper, size, cost, settings."""

import json


def add_arguments(parser) -> None:
    parser.add_argument("--json", action="store_true", help="a JSON list with everything known, instead of a table")


def run(args) -> None:
    from lacuna.systems._catalogue import catalogue

    rows = catalogue()
    if args.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return

    from rich.console import Console
    from rich.table import Table

    table = Table("name", "title", "year", "kind", "parameters", "MACs at 256×256", "sizes", "licence")
    for row in rows:
        table.add_row(
            row["name"],
            row["title"],
            str(row["year"]),
            row["kind"],
            f"{row['parameters']:,}",
            "" if row["macs_256"] is None else f"{row['macs_256'] / 1e9:.2f} G",
            f"≥ {row['minimal_size']}, ×{row['size_multiple']}",
            row["licence"],
        )
    Console(width=None if Console().is_terminal else 140).print(table)
