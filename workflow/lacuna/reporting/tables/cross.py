"""Training source against test set: how much does the training source matter?"""

import math

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import DRAWN, Table
from lacuna.reporting.display import Cell, DisplayTable, images_of, sentences, with_interval
from lacuna.reporting.titles import PREDICTIONS, REGIONS, check_known, titles

BLOCK = ("composite", "hole")  # what the page shows


def rows(run):
    """`cross.cross` of the systems."""
    from lacuna.reporting.cross import cross

    return cross(run.replicates)


def shown(run, _="") -> list[DisplayTable]:
    """One table for each metric, in the hole; none where nothing was trained on two sources."""
    found = run.table("cross")
    metrics = [name for name in run.metrics if name in set(found["metric"])]
    return [cross_table(found, run.settings, name, *BLOCK) for name in metrics]


def cross_table(table, settings: dict, metric_name: str, prediction: str, region: str) -> DisplayTable:
    """The page's table of one metric, prediction and region, from a non-empty `cross`; the better source is bold."""
    from lacuna.reporting.statistics import A_BETTER, B_BETTER

    systems, sources, sets = (titles(settings[name]) for name in ("systems", "sources", "test_sets"))
    metric = metric_by_name(metric_name)
    chosen = table[(table["metric"] == metric_name) & (table["prediction"] == prediction) & (table["region"] == region)]
    for column, known, what in (("system", systems, "system"), ("test_set", sets, "test set")):
        check_known(chosen[column], known, what)
    number = f".{metric.decimals}f"
    pairs = sorted(set(zip(chosen["source_a"], chosen["source_b"], strict=True)))
    named_by_head = len(pairs) == 1
    heads = tuple(sources[name] for name in pairs[0]) if named_by_head else ("Trained on", "or on")
    groups = []
    for system in filter(set(chosen["system"]).__contains__, systems):
        lines = []
        for test_set in sets:
            for row in chosen[(chosen["system"] == system) & (chosen["test_set"] == test_set)].itertuples():
                sides = (
                    (row.source_a, row.mean_a, row.low_a, row.high_a, A_BETTER),
                    (row.source_b, row.mean_b, row.low_b, row.high_b, B_BETTER),
                )
                cells = []
                for name, mean, low, high, better in sides:
                    prefix = "" if named_by_head else f"{sources[name]} "
                    text = prefix + with_interval(mean, low, high, number)
                    cells.append(Cell(text, row.verdict == better))
                p_value = "–" if math.isnan(row.p_holm) else _p(row.p_holm)
                difference = with_interval(row.mean_difference, row.low, row.high, f"+{number}")
                lines.append((sets[test_set], (*cells, Cell(difference), Cell(f"{row.win_rate_a:.0%}"), Cell(p_value))))
        groups.append((systems[system], tuple(lines)))
    differ = int(chosen["verdict"].isin({A_BETTER, B_BETTER}).sum())
    return DisplayTable(
        title=f"{metric.title}: {prediction}, {REGIONS[region]}",
        caption=sentences(
            TABLE.text(n=images_of(chosen)),
            f"Shown: {PREDICTIONS[prediction]}, {REGIONS[region]}; [–]: of one photograph there is no interval, and p "
            "is – where too few were tested. Where p is below 0.05, and the interval of the difference does not hold "
            f"0, the better source is bold ({differ} of {len(chosen)} lines). {metric.arrow} {metric.direction} is "
            "better.",
        ),
        head=("System", "Test set", *heads, "Difference", "First better", "p"),
        groups=tuple(groups),
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


TABLE = Table(
    title="training source against test set",
    section="sources",
    caption="Every trained system on every test set, by two training sources, on {n} of each test set, the same with "
    "the same masks for both sources. Means with 95 % intervals (bootstrap over photographs), the difference first − "
    "second, and the share of images on which the first is better, ties counted half. p is of the Wilcoxon signed-rank "
    "test on the photographs' means, Holm-corrected over the test sets and pairs of sources of a system, metric and "
    "region; fewer than 6 photographs are not tested.",
    columns={
        "prediction, region": "composites, on the whole image and in the hole only",
        "n, photographs": "number N of images that both sources have, and of the photographs that they were cut from",
        "mean_difference": "a − b, with the interval low to high; empty where there is one photograph only",
        "win_rate_a": "the share of images on which source a is better",
    },
    inputs=("scores",),
    cells=DRAWN,
    rows=rows,
    shown=shown,
)
