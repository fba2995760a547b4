"""Draw a figure: qualitative grid, examples, training curves, metric by coverage, mean ranks, quality against cost."""

from lacuna.arguments import json_settings


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
    cost = figures.add_parser("cost", help="quality against seconds per image, with the systems that nothing beats")
    cost.add_argument("--scores", required=True, nargs="+", help="Parquet files written by `lacuna score`")
    cost.add_argument("--records", required=True, nargs="+", help="record.json files of the predictions")
    examples = figures.add_parser("examples", help="best, median and worst images of every system, and its failures")
    examples.add_argument("--scores", required=True, nargs="+", help="Parquet files written by `lacuna score`")
    examples.add_argument(
        "--predictions", required=True, nargs="+", help="predictions/<system>/<source>/<test_set>/index.csv files"
    )
    examples.add_argument("--failures", required=True, help="PNG file to write of the worst 1 %%; a CSV beside it")
    for figure in (qualitative, training, coverage, ranks, cost, examples):
        figure.add_argument(
            "--settings",
            type=json_settings,
            required=True,
            help="JSON: run, systems, sources and what the figure needs",
        )
        figure.add_argument("--output", required=True, help="PNG file to write")


def run(args) -> None:
    settings = args.settings
    if args.figure == "qualitative":
        from lacuna.reporting.qualitative import draw_grid

        draw_grid(settings, args.list, args.predictions, args.output)
    elif args.figure == "training":
        from lacuna.reporting.curves import draw_curves

        draw_curves(settings, args.losses, args.validation, args.output)
    elif args.figure == "ranks":
        from lacuna.reporting.ranks import draw_ranks

        draw_ranks(settings, args.scores, args.output)
    elif args.figure == "cost":
        from lacuna.reporting.cost import draw_cost

        draw_cost(settings, args.scores, args.records, args.output)
    elif args.figure == "examples":
        from lacuna.reporting.examples import draw_examples

        draw_examples(settings, args.scores, args.predictions, args.output, args.failures)
    else:
        from lacuna.reporting.coverage import draw_coverage

        draw_coverage(settings, args.scores, args.output)
    print(f"wrote {args.output}")
