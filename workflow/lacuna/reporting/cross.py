"""Training source against test set: does training on faces help on faces?

One system, two training sources, the same test images with the same masks: the difference of each pair of scores is
the source's. The training images differ, and so does what else came with them; nothing else does.
"""

import math
from itertools import combinations

import numpy as np
import pandas as pd

from lacuna.metrics.per_image import named
from lacuna.reporting.aggregation import SHARED
from lacuna.reporting.bootstrap import intervals
from lacuna.reporting.statistics import A_BETTER, B_BETTER, BLOCKS, FEWEST, PHOTOGRAPH, compared, judge
from lacuna.reporting.tables import Cell, Table, interval_text, numbers_of
from lacuna.reporting.titles import PREDICTIONS, REGIONS, check_known, titles

COLUMNS = [
    *("system", "test_set", "prediction", "region", "metric", "source_a", "source_b", "n", "photographs"),
    *("mean_a", "low_a", "high_a", "mean_b", "low_b", "high_b"),
    *("mean_difference", "low", "high", "win_rate_a", "p_value", "p_holm", "verdict"),
]
PAIR = ["image", "mask", PHOTOGRAPH]


def cross(scores: pd.DataFrame) -> pd.DataFrame:
    """Every two sources of every trained system on every test set: columns `COLUMNS`, sorted.

    Over the images that both have. Intervals are 95 % bootstrap ones over photographs; p is of the two-sided
    Wilcoxon signed-rank test on the photographs' means, Holm-corrected over all test sets and pairs of sources of a
    system, metric, prediction and region.
    No rows where no system was trained on two sources. Composites, on the whole image and in the hole.
    """
    found = []
    for prediction, region in BLOCKS:
        chosen = scores[
            (scores["prediction"] == prediction) & (scores["region"] == region) & ~scores["source"].isin(SHARED)
        ]
        for (system, metric), rows in chosen.groupby(["system", "metric"], sort=True):
            names = {"system": system, "prediction": prediction, "region": region, "metric": metric}
            found += _family(rows, names)
    keys = ["system", "prediction", "region", "metric", "test_set", "source_a", "source_b"]
    return pd.DataFrame(found, columns=COLUMNS).sort_values(keys, ignore_index=True)


def _family(rows: pd.DataFrame, names: dict) -> list[dict]:
    """The comparisons that are corrected together."""
    direction = named(names["metric"]).direction
    found = []
    for test_set, mine in rows.groupby("test_set", sort=True):
        wide = mine.pivot_table(index=PAIR, columns="source", values="value").sort_index()
        for a, b in combinations(sorted(wide.columns), 2):
            both = wide[[a, b]].dropna()
            if both.empty:
                continue
            photographs, values = both.index.get_level_values(PHOTOGRAPH).to_numpy(), both.to_numpy()
            values = np.column_stack([values, values[:, 0] - values[:, 1]])
            ranges = [*[named(names["metric"]).range] * 2, (-np.inf, np.inf)]
            low, high = intervals(values, names["system"], test_set, a, b, photographs=photographs, within=ranges)
            found.append(
                {**names, "test_set": test_set, "source_a": a, "source_b": b}
                | {"mean_a": values[:, 0].mean(), "low_a": low[0], "high_a": high[0]}
                | {"mean_b": values[:, 1].mean(), "low_b": low[1], "high_b": high[1]}
                | compared(values[:, 2], photographs, direction)
                | {"low": low[2], "high": high[2]}
            )
    judge(found)
    return found


def cross_table(table: pd.DataFrame, settings: dict, metric_name: str, prediction: str, region: str) -> Table:
    """The page's table of one metric, prediction and region, from a non-empty `cross`; the better source is bold."""
    systems, sources, sets = (titles(settings[name]) for name in ("systems", "sources", "test_sets"))
    metric = named(metric_name)
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
                    text = f"{prefix}{mean:{number}} {interval_text(low, high, number)}"
                    cells.append(Cell(text, row.verdict == better))
                p_value = "–" if math.isnan(row.p_holm) else _p(row.p_holm)
                difference = f"{row.mean_difference:+{number}} {interval_text(row.low, row.high, f'+{number}')}"
                lines.append((sets[test_set], (*cells, Cell(difference), Cell(f"{row.win_rate_a:.0%}"), Cell(p_value))))
        groups.append((systems[system], tuple(lines)))
    differ = int(chosen["verdict"].isin({A_BETTER, B_BETTER}).sum())
    return Table(
        title=f"{metric.title}: {prediction}, {REGIONS[region]}",
        caption="Demonstration, no result about the systems. "
        * settings["demonstration"]
        + f"N = {numbers_of(chosen['n'])} images of {numbers_of(chosen['photographs'])} photographs of each test set, "
        f"the same with the same masks for both sources; means of {PREDICTIONS[prediction]}, {REGIONS[region]}, with "
        "95 % intervals (bootstrap over photographs; [–]: there is one only); difference first − second, and the share "
        "of images on which the first is better. p of the Wilcoxon signed-rank test on the photographs' means, "
        f"Holm-corrected over the lines of a system (–: fewer than {FEWEST} photographs, not tested); where it is "
        "below 0.05, and the interval of the difference does not hold 0, the better source is bold "
        f"({differ} of {len(chosen)} lines). {metric.arrow} {metric.direction} is better.",
        head=("System", "Test set", *heads, "Difference", "First better", "p"),
        groups=tuple(groups),
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
