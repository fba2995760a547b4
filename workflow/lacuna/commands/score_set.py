"""Score a whole set of predictions against the true images, one row per prediction and metric."""

import json


def add_arguments(parser) -> None:
    parser.add_argument("--settings", required=True, help="JSON: system, source, test_set, metrics")
    parser.add_argument("--features", required=True, help="features of the predictions, from `lacuna features`")
    parser.add_argument("--reference", required=True, help="features of the true images (--prediction truth)")
    parser.add_argument("--output", required=True, help="file to write: .parquet or .csv")


def run(args) -> None:
    from lacuna.metrics.features import read_features
    from lacuna.metrics.records import check_format, write_records
    from lacuna.metrics.set_scoring import COLUMNS, NUMBERS, set_rows

    check_format(args.output)
    rows = set_rows(json.loads(args.settings), read_features(args.features), read_features(args.reference))
    number = write_records(args.output, rows, COLUMNS, NUMBERS)
    print(f"{number} scores of sets, into {args.output}")
