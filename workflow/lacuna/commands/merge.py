"""Join the rows of scores of several runs, of several machines maybe, and compare all their systems.

Runs are joined where data and metrics are the same; if not, the first difference is named.
"""

from pathlib import Path

EXAMPLE = "merge results/here results/there --output-directory results/merged"


def add_arguments(parser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN", type=Path, help="folder of a run, such as results/demo")
    parser.add_argument(
        "--output-directory",
        required=True,
        type=Path,
        help="folder for rows.parquet, leaderboard.csv, statistics_pairs.csv and statistics_ranks.csv",
    )


def run(args) -> None:
    from lacuna.files import atomic
    from lacuna.merging import merged
    from lacuna.reporting.aggregation import write_table
    from lacuna.reporting.replicates import by_cell
    from lacuna.reporting.statistics import leaderboard_intervals, pairs, ranks

    rows = merged(args.runs)
    with atomic(args.output_directory / "rows.parquet") as partial:
        rows.to_parquet(partial, index=False)
    made = {"leaderboard": leaderboard_intervals, "statistics_pairs": pairs, "statistics_ranks": ranks}
    for name, table in made.items():
        write_table(args.output_directory / f"{name}.csv", by_cell(rows.drop(columns="run"), table))
    systems = len(rows[["system", "source"]].drop_duplicates())
    print(
        f"joined {len(rows)} rows of {len(args.runs)} runs, {systems} systems and sources, in {args.output_directory}"
    )
