"""Rank systems by votes on which of two fills is better, and ask which metric agrees with the votes.

The files are saved from the page `votes/index.html` of a run.
"""

from pathlib import Path

from lacuna.arguments import add_results

EXAMPLE = "votes votes-*.json --output-directory ranks"
TABLES = ("votes_ranks", "votes_metrics", "votes_voters", "metric_agreement")


def add_arguments(parser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="file of votes, saved from the page")
    parser.add_argument(
        "--key", type=Path, help="votes_key.csv of the run (default: the one below --results that the votes are about)"
    )
    add_results(parser)
    parser.add_argument("--output-directory", type=Path, help="folder for the tables as CSV (default: none)")


def run(args) -> None:
    from lacuna.reporting.aggregation import write_table
    from lacuna.reporting.descriptions import tables
    from lacuna.reporting.making import displayed
    from lacuna.reporting.rendering import to_markdown
    from lacuna.reporting.run import Run
    from lacuna.reporting.votes.ballots import contestants_of, key_of, read_votes, scores_beside

    key = args.key or key_of(args.files, args.results)
    read_votes(args.files, key)  # what is wrong with them is said before anything else is looked for
    systems, sources = contestants_of(key)
    files = {"votes": args.files, "votes_key": [str(key)], "scores": scores_beside(key)}
    settings = {"title": "", "demonstration": False, "systems": systems, "sources": sources, "test_sets": {}}
    found = Run(settings | {"made": {name: [""] for name in TABLES}}, files)
    found.settings["metrics"] = sorted(found.scores["metric"].unique())
    for name in TABLES:
        table = found.table(name)
        if args.output_directory:
            write_table(args.output_directory / f"{name}.csv", table)
        print(to_markdown(displayed(tables()[name], found)))
