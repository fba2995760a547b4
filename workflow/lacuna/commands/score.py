"""Score a folder of predictions against the ground truth, one row per image, region and metric.

The files of the three folders are paired by their stems.
"""

from pathlib import Path

from lacuna.arguments import positive

DEFAULT_METRICS = ["psnr", "ssim", "l1"]


def add_arguments(parser) -> None:
    parser.add_argument("--truth", required=True, help="folder of the true images")
    parser.add_argument("--predictions", required=True, help="folder of the predictions")
    parser.add_argument("--masks", required=True, help="folder of the masks: 255 = hole, 0 = valid")
    parser.add_argument("--output", required=True, help="file to write: .parquet or .csv")
    parser.add_argument("--metrics", nargs="+", help=f"names of metrics (default: {' '.join(DEFAULT_METRICS)})")
    parser.add_argument("--system", help="system name in the rows (default: name of the predictions' folder)")
    parser.add_argument("--backbones", default="results/backbones", help="folder of pretrained networks, for LPIPS")
    parser.add_argument("--threads", type=positive, default=1, help="batches scored at the same time (default: 1)")


def run(args) -> None:
    from lacuna.metrics.folders import paired_by_stem
    from lacuna.metrics.records import check_format, write_records
    from lacuna.metrics.scoring import COLUMNS, score_rows

    check_format(args.output)
    settings = {
        "system": args.system or Path(args.predictions).absolute().name,
        "source": "external",
        "test_set": Path(args.truth).absolute().name,
        "metrics": args.metrics or DEFAULT_METRICS,
    }
    files = paired_by_stem(args.truth, args.predictions, args.masks)
    rows = score_rows(settings, files, args.backbones, args.threads)
    number = write_records(args.output, rows, COLUMNS, ("coverage", "value"))
    print(f"scored {len(files)} images, {number} rows, into {args.output}", flush=True)
