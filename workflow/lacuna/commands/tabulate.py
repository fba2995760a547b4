"""Derive the tables of a run from its rows of scores."""

from pathlib import Path

from lacuna.arguments import json_settings


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings",
        type=json_settings,
        required=True,
        help="JSON: run, title, demonstration, systems, sources, test_sets, metrics",
    )
    parser.add_argument("--scores", required=True, nargs="+", help="Parquet files written by `lacuna score`")
    parser.add_argument("--yardsticks", nargs="*", default=[], help="those of the yardsticks, kept apart")
    parser.add_argument("--set-scores", nargs="*", default=[], help="Parquet files written by `lacuna score-set`")
    parser.add_argument(
        "--validation", nargs="*", default=[], help="validation.csv files in training/<system>/<source>/"
    )
    parser.add_argument("--validation-lists", nargs="*", default=[], help="their lists of pairs, one for each source")
    parser.add_argument("--published", help="CSV of published means (workflow/published/) to set beside ours")
    parser.add_argument("--output-directory", required=True, help="folder to write the tables into")


def run(args) -> None:
    from lacuna.data.lists import read_list
    from lacuna.files import atomic
    from lacuna.reporting import (
        aggregation,
        cross,
        published,
        rendering,
        set_scores,
        statistics,
        tables,
        valid_region,
    )
    from lacuna.reporting.titles import titles
    from lacuna.sources import UNTRAINED

    settings = args.settings
    folder = Path(args.output_directory)
    scores = aggregation.with_photographs(aggregation.read_scores(args.scores))
    quantitative = aggregation.quantitative(scores)
    yardsticks = aggregation.read_scores(args.yardsticks) if args.yardsticks else scores[:0]
    theirs = published.read_published(args.published) if args.published else published.nothing()
    texts = {}
    for source, title in (titles(settings["sources"]) or {UNTRAINED: "no source"}).items():
        blocks = tables.comparisons(quantitative, settings, source)
        texts[f"table_{source}.md"] = rendering.to_markdown(blocks)
        texts[f"table_{source}.html"] = rendering.to_html_page(blocks, f"{settings['title']}: {title}")
        texts[f"table_{source}.tex"] = rendering.to_latex(blocks)
    lists = zip(titles(settings["sources"]), args.validation_lists, strict=True) if args.validation else ()
    numbers = {source: len(read_list(path, validate=False)) for source, path in lists}
    training = aggregation.training(args.validation, numbers)
    aggregation.write_table(folder / "quantitative.csv", quantitative)
    aggregation.write_table(folder / "by_coverage.csv", aggregation.by_coverage(scores))
    aggregation.write_table(folder / "sanity.csv", aggregation.quantitative(yardsticks))
    aggregation.write_table(folder / "valid_region.csv", valid_region.outside(scores))
    aggregation.write_table(folder / "set_scores.csv", set_scores.read_set_scores(args.set_scores))
    aggregation.write_table(folder / "training.csv", training)
    aggregation.write_table(folder / "leaderboard.csv", statistics.leaderboard_intervals(scores))
    aggregation.write_table(folder / "statistics_pairs.csv", statistics.pairs(scores))
    aggregation.write_table(folder / "statistics_ranks.csv", statistics.ranks(scores))
    aggregation.write_table(folder / "cross.csv", cross.cross(scores))
    aggregation.write_table(folder / "published_comparison.csv", published.compare(theirs, quantitative))
    for name, text in texts.items():
        with atomic(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")
    print(f"{len(scores)} rows of scores, {len(quantitative)} means, {len(texts)} tables in {folder}")
