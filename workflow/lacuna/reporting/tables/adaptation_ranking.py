"""Experiments ranked by each metric, with the published ranking beside them: table 4.1 of the thesis."""

from lacuna.reporting.adaptation.display import (
    COMPOSITES,
    CONFIG,
    is_adapting,
    job_title,
    jobs_in_order,
    metric_of,
    metrics_in,
    percent_format,
    rows_of_job,
)
from lacuna.reporting.adaptation.experiments import title_of
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, interval_text, numbers_of, sentences

MARK = "‡"
_MARKED = {True: f" {MARK}", False: ""}


def rows(run):
    """`ranking.ranking` of the run."""
    from lacuna.reporting.adaptation.ranking import ranking
    from lacuna.reporting.published import read_published

    published = read_published(run.files("published_improvements")[0], "improvements")
    return ranking(run.adaptation, published, run.settings)


def shown(run, _="") -> list[DisplayTable]:
    """One table of the whole image, as in print."""
    ranks = run.table("adaptation_ranking")
    here = ranks[ranks["region"] == "image"]
    return [ranking_table(here, run.settings)] if len(here) else []


def ranking_table(ranks, settings: dict) -> DisplayTable:
    """Columns of experiments, best first: ours by each metric, and beside those that the thesis printed its own.

    ranks: of `ranking.ranking`, of the whole image.
    """
    metrics, groups, head = metrics_in(ranks, settings), [], []
    in_print = [name for name in metrics if ranks.loc[ranks["metric"] == name, "published_rank"].notna().any()]
    for name in metrics:
        head += [f"{metric_of(name).title}", *[f"{metric_of(name).title}, printed"] * (name in in_print)]
    for key in jobs_in_order(ranks, settings):
        mine = rows_of_job(ranks, key)
        columns, short = [], mine["steps"].min()
        for name in metrics:
            of = mine[mine["metric"] == name]
            ours = of[of["improvement_percent"].notna()].sort_values(["rank", "experiment"])
            columns.append([_ours(row, row.steps > short) for row in ours.itertuples()])
            if name in in_print:
                theirs = of[of["published_rank"].notna()].sort_values("published_rank")
                fewest = theirs["published_steps"].min()
                columns.append([_printed(row, row.published_steps > fewest) for row in theirs.itertuples()])
        length = max(map(len, columns))
        filled = [column + [Cell("")] * (length - len(column)) for column in columns]
        lines = tuple((str(place), cells) for place, cells in enumerate(zip(*filled, strict=True), 1))
        groups.append((f"{job_title(key, settings)} ({numbers_of(mine['n'].dropna().astype(int))})", lines))
    return DisplayTable(
        title="Experiments ranked by their improvement in percent",
        caption=sentences(
            TABLE.text(n=f"N in brackets, {numbers_of(ranks['n'].dropna().astype(int))}"),
            f"{MARK} and shaded: more steps than the shortest experiment (in print 300 in place of 150). Printed: "
            "table 4.1 of a thesis on test-time training (2022), combinations A to J on 116 photographs of Places2 at "
            "256×256, without intervals; "
            "its networks, pictures and masks are others, so that ranks compare and numbers do not.",
        ),
        head=("System → test set (N)", "Rank", *head),
        groups=tuple(groups),
    )


def _ours(row, is_long: bool) -> Cell:
    number = percent_format(row.improvement_percent, row.ci_low, row.ci_high)
    text = _text(row.experiment, f"{row.improvement_percent:{number}}", is_long)
    return Cell(f"{text} {interval_text(row.ci_low, row.ci_high, number)}", shaded=is_long)


def _printed(row, is_long: bool) -> Cell:
    return Cell(_text(row.experiment, f"{row.published_improvement_percent:.2f}", is_long), shaded=is_long)


def _text(experiment: str, value: str, is_long: bool) -> str:
    return f"{title_of(experiment.removeprefix('combination_'))} ({value} %{_MARKED[bool(is_long)]})"


TABLE = Table(
    title="experiments of test-time training, ranked",
    section="adaptation",
    place=20,
    caption="Experiments by their improvement after the last step, best first, over {n} pictures, of "
    f"{COMPOSITES}, whole image. Improvement in percent: ratio of means, with a 95 % interval (bootstrap over "
    "photographs); experiments whose intervals overlap may stand in any order. Those that start from random weights "
    "improve on something else and are not ranked.",
    columns={
        "rank": "1 is best; equal improvements share a rank. Of composites, by metric and region",
        "published_rank, published_improvement_percent, published_steps": "table 4.1 of the thesis, whole image",
    },
    inputs=("adaptation_rows", "adaptation_features", "published_adaptation"),
    config=CONFIG,
    applies=is_adapting,
    rows=rows,
    shown=shown,
    formats=("csv", "html", "md", "tex"),
    unfolded=0,
)
