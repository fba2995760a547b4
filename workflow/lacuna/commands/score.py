"""Score predictions against the ground truth, one row per image, region and metric.

Of the workflow: --settings, and for each of its test sets one --list, --predictions (an index.csv) and --output. Of any
folders: --truth, --predictions and --masks, whose files are paired by their stems.
"""

import importlib

from lacuna.arguments import json_settings, positive

WORKFLOW = ("settings", "list")
FOLDERS = ("truth", "masks", "metrics", "set_metrics", "system", "invert_masks")


def add_arguments(parser) -> None:
    parser.add_argument("--predictions", required=True, nargs="+", help="index.csv of the predictions, or their folder")
    parser.add_argument("--output", required=True, nargs="+", help="file to write: .parquet or .csv")
    parser.add_argument("--backbones", default="results/backbones", help="folder of pretrained networks, for LPIPS")
    parser.add_argument("--threads", type=positive, default=1, help="number of batches scored at once (default: 1)")
    workflow = parser.add_argument_group("a step of the workflow")
    workflow.add_argument("--settings", type=json_settings, help="JSON: system, source, test_sets, metrics")
    workflow.add_argument("--list", nargs="+", help="text file of image<TAB>mask lines; one a test set")
    folders = parser.add_argument_group("any folders, paired by file stem")
    folders.add_argument("--truth", help="folder of the true images")
    folders.add_argument("--masks", help="folder of the masks, or one mask for all: 128 and more = hole")
    folders.add_argument("--invert-masks", action="store_true", default=None, help="black = hole")
    folders.add_argument("--metrics", nargs="+", help="names of metrics (default: psnr ssim lpips_alex l1)")
    folders.add_argument(
        "--set-metrics", nargs="+", help="names of metrics of the two folders as sets: fid kid u_ids p_ids"
    )
    folders.add_argument("--system", help="name of the system in the rows (default: the predictions' folder)")


def run(args) -> None:
    from lacuna.metrics.records import check_format, write_records
    from lacuna.metrics.scoring import COLUMNS, score_rows
    from lacuna.metrics.test_sets import each_test_set
    from lacuna.metrics.triples import paired_files

    for output in args.output:
        check_format(output)
    if args.truth or args.masks:
        _score_folders(args)
        return
    _refuse(args, WORKFLOW, FOLDERS)
    given = {"list": args.list, "predictions": args.predictions, "output": args.output}
    for settings, pairs, predictions, output in each_test_set(args.settings, **given):
        files = paired_files(pairs, predictions)
        rows = score_rows(settings, files, args.backbones, args.threads)
        number = write_records(output, rows, COLUMNS, ("coverage", "value"))
        print(f"scored {len(files)} images, {number} rows, into {output}", flush=True)


def _score_folders(args) -> None:
    from lacuna.errors import LacunaError

    _refuse(args, ("truth",) if args.set_metrics else ("truth", "masks"), WORKFLOW)
    if len(args.predictions) > 1 or len(args.output) > 1:
        raise LacunaError("--truth goes with one --predictions and one --output; score other folders by another call")
    # by name, and not by an import statement: the workflow's scores do not depend on what folders need besides
    importlib.import_module("lacuna.folder_scores").score_folders(
        args.truth,
        args.predictions[0],
        args.masks,
        args.output[0],
        metrics=args.metrics,
        set_metrics=args.set_metrics or (),
        system=args.system,
        invert=bool(args.invert_masks),
        backbones=args.backbones,
        threads=args.threads,
    )


def _refuse(args, needed: tuple[str, ...], excluded: tuple[str, ...]) -> None:
    from lacuna.errors import LacunaError

    missing = [name for name in needed if getattr(args, name) is None]
    unwanted = [name for name in excluded if getattr(args, name) is not None]
    if missing or unwanted:
        first = f"--{(missing or unwanted)[0].replace('_', '-')}"
        what = f"{first} is missing" if missing else f"{first} does not go with --{needed[0]}"
        raise LacunaError(
            f"{what}: give either --settings, --list and --predictions index.csv (a step of the workflow), "
            "or --truth, --predictions and --masks (any folders)"
        )
