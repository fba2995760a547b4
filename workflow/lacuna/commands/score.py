"""Score predictions against the ground truth, one row per image, region and metric.

Of the workflow: --settings, and for each of its test sets one --list, --predictions (an index.csv) and --output. Of any
folders: --truth, --predictions and --masks, whose files are paired by their stems.
"""

from collections.abc import Iterator
from pathlib import Path

from lacuna.arguments import json_settings, positive

WORKFLOW = ("settings", "list")
FOLDERS = ("truth", "masks")
DEFAULT_METRICS = ["psnr", "ssim", "l1"]


def add_arguments(parser) -> None:
    parser.add_argument("--predictions", required=True, nargs="+", help="index.csv of the predictions, or their folder")
    parser.add_argument("--output", required=True, nargs="+", help="file to write: .parquet or .csv")
    parser.add_argument("--backbones", default="results/backbones", help="folder of pretrained networks, for LPIPS")
    parser.add_argument("--threads", type=positive, default=1, help="batches scored at the same time (default: 1)")
    workflow = parser.add_argument_group("a step of the workflow")
    workflow.add_argument("--settings", type=json_settings, help="JSON: system, source, test_sets, metrics")
    workflow.add_argument("--list", nargs="+", help="text file of image<TAB>mask lines; one a test set")
    folders = parser.add_argument_group("any folders, paired by file stem")
    folders.add_argument("--truth", help="folder of the true images")
    folders.add_argument("--masks", help="folder of the masks: 255 = hole, 0 = valid")
    folders.add_argument("--metrics", nargs="+", help=f"names (default: {' '.join(DEFAULT_METRICS)})")
    folders.add_argument("--system", help="what to call it in the rows (default: the predictions' folder)")


def run(args) -> None:
    from lacuna.metrics.records import check_format, write_records
    from lacuna.metrics.scoring import COLUMNS, score_rows

    for output in args.output:
        check_format(output)
    for settings, files, output in _of_folders(args) if args.truth or args.masks else _of_workflow(args):
        rows = score_rows(settings, files, args.backbones, args.threads)
        number = write_records(output, rows, COLUMNS, ("coverage", "value"))
        print(f"scored {len(files)} images, {number} rows, into {output}", flush=True)


def _of_workflow(args) -> Iterator[tuple[dict, list, str]]:
    from lacuna.metrics.test_sets import each_test_set
    from lacuna.metrics.triples import paired_files

    _need(args, WORKFLOW, (*FOLDERS, "metrics", "system"))
    given = {"list": args.list, "predictions": args.predictions, "output": args.output}
    for settings, pairs, predictions, output in each_test_set(args.settings, **given):
        yield settings, paired_files(pairs, predictions), output


def _of_folders(args) -> Iterator[tuple[dict, list, str]]:
    from lacuna.errors import LacunaError
    from lacuna.metrics.folders import paired_by_stem

    _need(args, FOLDERS, WORKFLOW)
    if len(args.predictions) > 1 or len(args.output) > 1:
        raise LacunaError("--truth goes with one --predictions and one --output; score other folders by another call.")
    predictions, output = args.predictions[0], args.output[0]
    settings = {
        "system": args.system or Path(predictions).absolute().name,
        "source": "external",
        "test_set": Path(args.truth).absolute().name,
        "metrics": args.metrics or DEFAULT_METRICS,
    }
    yield settings, paired_by_stem(args.truth, predictions, args.masks), output


def _need(args, needed: tuple[str, ...], excluded: tuple[str, ...]) -> None:
    from lacuna.errors import LacunaError

    missing = [f"--{name}" for name in needed if getattr(args, name) is None]
    unwanted = [f"--{name}" for name in excluded if getattr(args, name) is not None]
    if missing or unwanted:
        what = f"{missing[0]} is missing" if missing else f"{unwanted[0]} does not go with --{needed[0]}"
        raise LacunaError(
            f"{what}: give either --settings, --list and --predictions index.csv (a step of the workflow), "
            "or --truth, --predictions and --masks (any folders)."
        )
