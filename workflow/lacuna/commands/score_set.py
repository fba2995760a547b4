"""Score a whole set of predictions against the true images, one row per prediction and metric.

For each of the settings' test sets one --features, one --reference and one --output.
"""

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings", type=json_settings, required=True, help="JSON: system, source, test_sets, metrics"
    )
    parser.add_argument(
        "--features", required=True, nargs="+", help="features of the predictions, from `lacuna features`"
    )
    parser.add_argument(
        "--reference", required=True, nargs="+", help="features of the true images (--prediction truth)"
    )
    parser.add_argument("--output", required=True, nargs="+", help="file to write: .parquet or .csv; one a test set")


def run(args) -> None:
    from lacuna.metrics.features import read_features
    from lacuna.metrics.records import check_format, write_records
    from lacuna.metrics.set_scoring import COLUMNS, NUMBERS, set_rows
    from lacuna.metrics.test_sets import each_test_set

    for output in args.output:
        check_format(output)
    given = {"features": args.features, "reference": args.reference, "output": args.output}
    for settings, features, reference, output in each_test_set(args.settings, **given):
        rows = set_rows(settings, read_features(features), read_features(reference))
        number = write_records(output, rows, COLUMNS, NUMBERS)
        print(f"{number} scores of sets, into {output}", flush=True)
