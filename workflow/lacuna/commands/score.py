"""Score a folder of predictions against the ground truth, one row per image, region and metric.

The files of the three folders are paired by their stems.
"""

from lacuna.arguments import positive

EXAMPLE = "score --truth photos --predictions filled --masks masks --output scores.csv"


def add_arguments(parser) -> None:
    parser.add_argument("--truth", required=True, help="folder of the true images")
    parser.add_argument("--predictions", required=True, help="folder of the predictions")
    parser.add_argument("--masks", help="folder of the masks, or one mask for all: 128 and more = hole")
    parser.add_argument("--invert-masks", action="store_true", help="black = hole")
    parser.add_argument("--output", required=True, help="file to write: .parquet or .csv")
    parser.add_argument("--metrics", nargs="+", help="names of metrics (default: psnr ssim lpips_alex l1)")
    parser.add_argument(
        "--set-metrics", nargs="+", help="names of metrics of the two folders as sets: fid kid u_ids p_ids"
    )
    parser.add_argument("--system", help="name of the system in the rows (default: the predictions' folder)")
    parser.add_argument("--backbones", default="results/backbones", help="folder of pretrained networks")
    parser.add_argument("--threads", type=positive, default=1, help="number of batches scored at once (default: 1)")
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="device of LPIPS and the Inception (default: cpu)"
    )


def run(args) -> None:
    from lacuna.errors import LacunaError
    from lacuna.folder_scores import score_folders
    from lacuna.metrics.records import check_format

    check_format(args.output)
    if args.masks is None and (args.metrics or args.invert_masks or not args.set_metrics):
        raise LacunaError("--masks is missing: name the folder of the masks; only --set-metrics alone goes without")
    score_folders(
        args.truth,
        args.predictions,
        args.masks,
        args.output,
        metrics=args.metrics,
        set_metrics=args.set_metrics or (),
        system=args.system,
        invert=args.invert_masks,
        backbones=args.backbones,
        threads=args.threads,
        device=args.device,
    )
