"""Derive the tables of the exported networks: what they are, how equal, and their metrics in ONNX Runtime."""

from pathlib import Path

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings",
        type=json_settings,
        required=True,
        help="JSON: metrics, and `without`: [system, source, reason] of what has no network",
    )
    parser.add_argument(
        "--parity",
        nargs="*",
        default=[],
        help="parity.json files in export/<system>/<source>/, with what is beside them",
    )
    parser.add_argument("--scores", nargs="*", default=[], help="Parquet files of `lacuna score` for the same systems")
    parser.add_argument("--output-directory", required=True, help="folder to write the tables into")


def run(args) -> None:
    from lacuna.reporting.aggregation import write_table
    from lacuna.reporting.export import export_rows, metric_rows

    settings, folder = args.settings, Path(args.output_directory)
    rows = export_rows(args.parity, settings["without"])
    metrics = metric_rows(args.parity, args.scores, settings["metrics"])
    write_table(folder / "export.csv", rows)
    write_table(folder / "export_metrics.csv", metrics)
    print(f"{(rows['exported'] == 'yes').sum()} of {len(rows)} exported, {len(metrics)} means, in {folder}")
