"""Score predictions against the ground truth, one row per image, region and metric.

Of the workflow: --settings, --list and --predictions (an index.csv). Of any folders: --truth, --predictions and
--masks, whose files are paired by their stems.
"""

import json
from pathlib import Path

WORKFLOW = ("settings", "list")
FOLDERS = ("truth", "masks")
DEFAULT_METRICS = ["psnr", "ssim", "l1"]


def add_arguments(parser) -> None:
    parser.add_argument("--predictions", required=True, help="index.csv of the predictions, or their folder")
    parser.add_argument("--output", required=True, help="file to write: .parquet or .csv")
    parser.add_argument("--backbones", default="results/backbones", help="folder of pretrained networks, for LPIPS")
    parser.add_argument("--threads", type=int, default=1, help="batches scored at the same time (default: 1)")
    workflow = parser.add_argument_group("a step of the workflow")
    workflow.add_argument("--settings", help="JSON: system, source, test_set, metrics")
    workflow.add_argument("--list", help="text file of image<TAB>mask lines")
    folders = parser.add_argument_group("any folders, paired by file stem")
    folders.add_argument("--truth", help="folder of the true images")
    folders.add_argument("--masks", help="folder of the masks: 255 = hole, 0 = valid")
    folders.add_argument("--metrics", nargs="+", help=f"names (default: {' '.join(DEFAULT_METRICS)})")
    folders.add_argument("--system", help="what to call it in the rows (default: the predictions' folder)")


def run(args) -> None:
    from lacuna.metrics.records import check_format, write_records
    from lacuna.metrics.scoring import COLUMNS, score_rows

    check_format(args.output)
    settings, files = _of_folders(args) if args.truth or args.masks else _of_workflow(args)
    rows = score_rows(settings, files, args.backbones, args.threads)
    number = write_records(args.output, rows, COLUMNS, ("coverage", "value"))
    print(f"scored {len(files)} images, {number} rows, into {args.output}")


def _of_workflow(args) -> tuple[dict, list]:
    from lacuna.metrics.triples import paired_files

    _need(args, WORKFLOW, (*FOLDERS, "metrics", "system"))
    return json.loads(args.settings), paired_files(args.list, args.predictions)


def _of_folders(args) -> tuple[dict, list]:
    from lacuna.metrics.folders import paired_by_stem

    _need(args, FOLDERS, WORKFLOW)
    settings = {
        "system": args.system or Path(args.predictions).absolute().name,
        "source": "external",
        "test_set": Path(args.truth).absolute().name,
        "metrics": args.metrics or DEFAULT_METRICS,
    }
    return settings, paired_by_stem(args.truth, args.predictions, args.masks)


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
