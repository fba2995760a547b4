"""Draw the rules of the workflow from the text of `snakemake --rulegraph dot`."""

import sys
from pathlib import Path


def add_arguments(parser) -> None:
    parser.add_argument("--dot", required=True, help="file written by `snakemake --rulegraph dot`; - reads the pipe")
    parser.add_argument("--output", required=True, help="SVG file to write")


def run(args) -> None:
    from lacuna.errors import LacunaError
    from lacuna.reporting.rulegraph import draw, parse_dot

    try:
        text = sys.stdin.read() if args.dot == "-" else Path(args.dot).read_text()
    except OSError as error:
        raise LacunaError(
            f"{args.dot} cannot be read ({error.strerror}); write it with 'snakemake --rulegraph dot'."
        ) from None
    graph = parse_dot(text, "the pipe" if args.dot == "-" else args.dot)
    draw(graph, args.output)
    print(f"drew {len(graph)} rules into {args.output}")
