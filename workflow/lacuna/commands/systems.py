"""Show all systems: paper, size, cost, settings."""

import json

EXAMPLE = "systems --json"


def add_arguments(parser) -> None:
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="JSON list with everything known, instead of a table")
    shape.add_argument("--markdown", action="store_true", help="text of docs/systems.md, deviations included")


def run(args) -> None:
    from lacuna.systems._catalogue import catalogue

    rows = catalogue()
    if args.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if args.markdown:
        print(to_markdown(rows))
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


def to_markdown(rows: list[dict]) -> str:
    """The table of all systems and, for each, where it deviates from its authors' code."""
    lines = [
        "# The systems",
        "",
        "Made by `lacuna systems --markdown > docs/systems.md`; a test holds the two together. Parameters are the",
        "trainable ones of everything that predicts, MACs those of one 256×256 picture, both counted at the authors'",
        "settings. Mask and range are the authors' conventions; every system converts inside itself.",
        "",
        "| name | paper | year | licence of the original | kind | parameters | MACs | mask | range | sizes |",
        "|---|---|---|---|---|---:|---:|---|---|---|",
    ]
    for row in rows:
        paper = f"[{row['paper']}]({row['url']})" if row["url"] else row["paper"]
        macs = "–" if row["macs_256"] is None else f"{row['macs_256'] / 1e9:.2f} G"
        low, high = row["authors_range"]
        cells = [
            f"`{row['name']}`",
            paper,
            row["year"],
            row["licence"],
            row["kind"],
            f"{row['parameters']:,}" if row["parameters"] else "–",
            macs,
            row["authors_mask"],
            f"[{low:g}, {high:g}]",
            f"≥ {row['minimal_size']}, multiples of {row['size_multiple']} (padded)",
        ]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    lines += ["", "## Deviations", ""]
    for row in rows:
        if row["deviations"]:
            lines += [f"### `{row['name']}`", "", "| setting | here | what |", "|---|---|---|"]
            for each in row["deviations"]:
                switch, default = (f"`{each[key]}`" if each["switch"] else "–" for key in ("switch", "default"))
                lines.append(f"| {switch} | {default} | {each['what']} |")
            lines.append("")
    lines += [
        "## Training data",
        "",
        "Here every system learns from the run's crops and masks: the images in turn, a random mask for each, both",
        "flipped left to right at random (`flip: false` in the config's `training` leaves that out). The authors', and",
        "what `training: augment: authors` does of it, with the keys of [config/README.md](../config/README.md); drawn",
        "anew in every step, and the same again when a training goes on. It works on staged pictures and masks of the",
        "run's size: what the authors cut out of larger pictures is a part of these, enlarged. A turned mask is valid",
        "where nothing was, and one that loses its hole stays as it was. Masks that authors draw anew are the run's.",
        "",
        "| name | pictures and masks | `augment: authors` |",
        "|---|---|---|",
        *(f"| `{row['name']}` | {row['data']} | {_done(row['augmentation'])} |" for row in rows if row["data"]),
        "",
        "## Parameters that do not learn",
        "",
        "Shell patterns of names; the contract test finds these, and no others. *Unused*: the authors count them, but",
        "nothing applies them, or no loss weighs what they give. *Zero gradient*: what they add is taken off again, by",
        "a normalisation or by a softmax.",
        "",
        "| name | unused | zero gradient |",
        "|---|---|---|",
    ]
    for row in rows:
        cells = [", ".join(f"`{each}`" for each in row[key]) or "–" for key in ("without_gradient", "zero_gradient")]
        if row["without_gradient"] or row["zero_gradient"]:
            lines.append(f"| `{row['name']}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _done(augmentation: dict | None) -> str:
    """What `augment: authors` does, as the config writes it."""
    if augmentation is None:
        return "–"
    values = {name: str(value).lower() if isinstance(value, bool) else value for name, value in augmentation.items()}
    return ", ".join(f"`{name}: {value}`" for name, value in values.items())
