"""Check that no photograph is in both a training set and an evaluation set."""

from pathlib import Path


def add_arguments(parser) -> None:
    parser.add_argument("--training", required=True, nargs="+", type=Path, help="index.csv of every training set")
    parser.add_argument("--evaluation", required=True, nargs="+", type=Path, help="index.csv of every evaluation set")
    parser.add_argument("--output", required=True, type=Path, help="the JSON file to write")


def run(args) -> None:
    from lacuna.data.splits import check_splits
    from lacuna.files import write_json

    splits = check_splits(args.training, args.evaluation)
    write_json(args.output, splits)
    print(f"no photograph of {len(splits['training'])} training sets is in {len(splits['evaluation'])} evaluation sets")
