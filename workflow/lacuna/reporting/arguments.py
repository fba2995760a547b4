"""Options of the commands that make tables and figures: what they are made from."""

from pathlib import Path

from lacuna.arguments import json_settings

# Files that an input of a description stands for, by the name of an option.
FILES = {
    "scores": "Parquet files of scores, one a system, source and test set",
    "controls": "Parquet files of scores of the controls",
    "set_scores": "Parquet files of scores of whole sets",
    "losses": "losses.csv files in training/<system>/<source>/",
    "validation": "validation.csv files in training/<system>/<source>/",
    "training_records": "record.json files in training/<system>/<source>/",
    "validation_lists": "lists of the validation sets",
    "predictions": "index.csv files in predictions/<system>/<source>/<test_set>/",
    "prediction_records": "record.json files in predictions/<system>/<source>/<test_set>/",
    "lists": "lists of the test sets, <test_set>.txt",
    "measurements": "measurements, <system>.json",
    "weights": "weights that systems predict with",
    "parity": "parity.json files in export/<system>/<source>/, with what is beside them",
    "published_means": "CSV of published means",
    "published_counts": "CSV of published counts",
}


def add_making_arguments(parser, kind: str) -> None:
    """Options of a command that makes tables (`kind`: `tables`) or figures (`figures`)."""
    keys = f"`made` (name → values, of {kind}), titles, and the keys of the config that they read"
    parser.add_argument("--settings", type=json_settings, required=True, help=f"JSON object with {keys}")
    parser.add_argument("--results", type=Path, required=True, help="folder of the run, results/<run>, to write into")
    for name, help_text in FILES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", nargs="*", metavar="FILE", help=help_text)


def run_of(args):
    """The `Run` of parsed options; options that were not given are not there."""
    from lacuna.reporting.run import Run

    return Run(args.settings, {name: getattr(args, name) for name in FILES if getattr(args, name) is not None})
