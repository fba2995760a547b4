"""List the weights that systems' authors released: data, licence, origin, size, and which can be fetched."""

from lacuna.places import WEIGHTS

EXAMPLE = "weights --markdown"


def add_arguments(parser) -> None:
    parser.add_argument("--system", help="name of a system: only its weights")
    parser.add_argument("--markdown", action="store_true", help="tables, as in docs/weights.md")
    parser.add_argument("--json", action="store_true", help="everything, as JSON")
    parser.add_argument("--folder", default=WEIGHTS, help=f"folder of fetched weights (default: {WEIGHTS})")


def run(args) -> None:
    import dataclasses
    import json
    from pathlib import Path

    from lacuna import systems
    from lacuna.errors import LacunaError
    from lacuna.registry import suggest
    from lacuna.released.catalogue import RELEASED

    if args.system is not None and args.system not in systems.names():
        raise LacunaError(f"there is no system '{args.system}': {suggest(args.system, systems.names())}")
    entries = [each for each in RELEASED.values() if args.system in (None, each.system)]
    if args.json:
        rows = [{**dataclasses.asdict(each), "here": Path(args.folder, each.stored).is_file()} for each in entries]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    elif args.markdown:
        print(_document(entries), end="")
    else:
        for each in entries:
            here = "here" if Path(args.folder, each.stored).is_file() else "fetched" if each.fetched else "by hand"
            size = f"{each.megabytes:,.1f} MB" if each.megabytes else ""
            print(f"{each.name:<24}{here:<9}{size:>10}  {each.data}; {each.licence}")
            print(f"{'':<24}{each.file or 'one file'} from {each.origin}")
            print(f"{'':<24}SHA-256 {each.sha256 or 'stated by nobody'}")
        print(f"fetched: by `lacuna fetch-weights NAME`, into {args.folder}; by hand: in a browser, from its origin")


def _document(entries) -> str:
    from lacuna.reporting.markup import markdown

    lines = [
        "# Released weights",
        "",
        "Made by `lacuna weights --markdown > docs/weights.md`; a test holds the two together. Facts of November 2026.",
        "A SHA-256 is here where the host of the file states it (the record of Git LFS of huggingface.co); none is",
        "guessed. No file was downloaded when this was written: that they load is known from the authors' names of",
        "tensors, not from trying.",
        "",
        "`lacuna fetch-weights NAME` goes on after an interruption, verifies the SHA-256 and writes where the file",
        "came from beside it; it refuses what it cannot verify and says where people get it. Then",
        "`--weights catalogue:NAME` and a config's `weights: catalogue:NAME` take the file, with the settings of its",
        "system that belong to it.",
        "",
        "| name | data | licence | settings | file | SHA-256 of the file | MB |",
        "|---|---|---|---|---|---|---:|",
    ]
    for each in entries:
        settings = ", ".join(f"`{name}: {value}`" for name, value in each.settings.items()) or "–"
        sha256 = f"`{each.sha256}`" if each.sha256 else "not stated, by hand"
        cells = [f"`{each.name}`", markdown(each.data), markdown(each.licence), settings]
        size = f"{each.megabytes:,.1f}" if each.megabytes else "not stated"
        cells += [f"[{markdown(each.file or 'its origin')}]({each.origin})", sha256, size]
        lines.append(f"| {' | '.join(cells)} |")
    notes = [f"- `{each.name}`: {each.note}." for each in entries if each.note]
    return "\n".join([*lines, "", *notes]) + "\n"
