"""Draw a figure: qualitative grid, training curves, metric by coverage, or mean ranks."""

import json


def add_arguments(parser) -> None:
    figures = parser.add_subparsers(dest="figure", required=True, metavar="figure")
    qualitative = figures.add_parser("qualitative", help="input, every system and ground truth of one test set")
    qualitative.add_argument("--list", required=True, help="text file of image<TAB>mask lines")
    qualitative.add_argument(
        "--predictions", required=True, nargs="+", help="predictions/<system>/<source>/<test_set>/index.csv files"
    )
    training = figures.add_parser("training", help="losses and validation metrics against the step")
    training.add_argument("--losses", required=True, nargs="+", help="training/<system>/<source>/losses.csv files")
    training.add_argument(
        "--validation", required=True, nargs="+", help="training/<system>/<source>/validation.csv files"
    )
    coverage = figures.add_parser("coverage", help="every metric by mask coverage")
    coverage.add_argument("--scores", required=True, nargs="+", help="Parquet files written by `lacuna score`")
    ranks = figures.add_parser("ranks", help="mean ranks of the systems with their critical difference")
    ranks.add_argument("--scores", required=True, nargs="+", help="Parquet files written by `lacuna score`")
    for figure in (qualitative, training, coverage, ranks):
        figure.add_argument("--settings", required=True, help="JSON: run, systems, sources and what the figure needs")
        figure.add_argument("--output", required=True, help="PNG file to write")


def run(args) -> None:
    settings = json.loads(args.settings)
    if args.figure == "qualitative":
        from lacuna.reporting.qualitative import draw_grid

        draw_grid(settings, args.list, args.predictions, args.output)
    elif args.figure == "training":
        from lacuna.reporting.curves import draw_curves

        draw_curves(settings, args.losses, args.validation, args.output)
    elif args.figure == "ranks":
        from lacuna.reporting.ranks import draw_ranks

        draw_ranks(settings, args.scores, args.output)
    else:
        from lacuna.reporting.coverage import draw_coverage

        draw_coverage(settings, args.scores, args.output)
    print(f"wrote {args.output}")
