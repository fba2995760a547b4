"""Derive the tables of a run from its rows of scores."""

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


def run(task) -> None:
    settings = task.settings
    folder = task.out("quantitative").parent
    scores = aggregation.with_photographs(aggregation.read_scores(task.files("scores")))
    quantitative = aggregation.quantitative(scores)
    yardsticks = aggregation.read_scores(task.files("yardsticks")) if task.files("yardsticks") else scores[:0]
    theirs = published.read_published(task.file("published")) if task.files("published") else published.nothing()
    texts = {}
    for source, title in (titles(settings["sources"]) or {UNTRAINED: "no source"}).items():
        blocks = tables.comparisons(quantitative, settings, source)
        texts[f"table_{source}.md"] = rendering.to_markdown(blocks)
        texts[f"table_{source}.html"] = rendering.to_html_page(blocks, f"{settings['title']}: {title}")
        texts[f"table_{source}.tex"] = rendering.to_latex(blocks)
    validation = task.files("validation")
    lists = zip(titles(settings["sources"]), task.files("validation_lists"), strict=True) if validation else ()
    numbers = {source: len(read_list(path, validate=False)) for source, path in lists}
    aggregation.write_table(task.out("quantitative"), quantitative)
    aggregation.write_table(task.out("by_coverage"), aggregation.by_coverage(scores))
    aggregation.write_table(task.out("sanity"), aggregation.quantitative(yardsticks))
    aggregation.write_table(task.out("valid_region"), valid_region.outside(scores))
    aggregation.write_table(task.out("set_scores"), set_scores.read_set_scores(task.files("set_scores")))
    aggregation.write_table(task.out("training"), aggregation.training(validation, numbers))
    aggregation.write_table(task.out("leaderboard"), statistics.leaderboard_intervals(scores))
    aggregation.write_table(task.out("pairs"), statistics.pairs(scores))
    aggregation.write_table(task.out("ranks"), statistics.ranks(scores))
    aggregation.write_table(task.out("cross"), cross.cross(scores))
    aggregation.write_table(task.out("published"), published.compare(theirs, quantitative))
    for name, text in texts.items():
        with atomic(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")
    print(f"{len(scores)} rows of scores, {len(quantitative)} means, {len(texts)} tables in {folder}")
