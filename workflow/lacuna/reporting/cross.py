"""Training source against test set: does training on faces help on faces?

One system, two training sources, the same test images with the same masks: the difference of each pair of scores is
the source's. The training images differ, and so does what else came with them; nothing else does.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from lacuna.metrics.per_image import named
from lacuna.reporting.aggregation import SHARED
from lacuna.reporting.statistics import (
    A_BETTER,
    B_BETTER,
    BLOCKS,
    FEWEST,
    IDENTICAL,
    LEVEL,
    NO_DIFFERENCE,
    NOT_TESTED,
    holm,
    intervals,
    signed_rank,
    win_rate,
)
from lacuna.reporting.tables import Cell, Table
from lacuna.reporting.titles import PREDICTIONS, REGIONS, check_known, titles

COLUMNS = [
    *("system", "test_set", "prediction", "region", "metric", "source_a", "source_b", "n"),
    *("mean_a", "low_a", "high_a", "mean_b", "low_b", "high_b"),
    *("mean_difference", "low", "high", "win_rate_a", "p_value", "p_holm", "verdict"),
]
PAIR = ["image", "mask"]


def cross(scores: pd.DataFrame) -> pd.DataFrame:
    """Every two sources of every trained system on every test set: columns `COLUMNS`, sorted.

    Over the images that both have. Intervals are 95 % bootstrap ones over images; p is of the two-sided Wilcoxon
    signed-rank test, Holm-corrected over all test sets and pairs of sources of a system, metric, prediction and region.
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
    found, signs = [], []
    for test_set, mine in rows.groupby("test_set", sort=True):
        wide = mine.pivot_table(index=PAIR, columns="source", values="value").sort_index()
        for a, b in combinations(sorted(wide.columns), 2):
            both = wide[[a, b]].dropna().to_numpy()
            if not len(both):
                continue
            differences = both[:, 0] - both[:, 1]
            low, high = intervals(np.column_stack([both, differences]), names["system"], test_set, a, b)
            p_value, sign = signed_rank(differences) if len(both) >= FEWEST else (1.0, 0)
            tested = len(both) >= FEWEST
            verdict = IDENTICAL if not differences.any() else NO_DIFFERENCE if tested else NOT_TESTED
            found.append(
                {**names, "test_set": test_set, "source_a": a, "source_b": b, "n": len(both)}
                | {"mean_a": both[:, 0].mean(), "low_a": low[0], "high_a": high[0]}
                | {"mean_b": both[:, 1].mean(), "low_b": low[1], "high_b": high[1]}
                | {"mean_difference": differences.mean(), "low": low[2], "high": high[2]}
                | {"win_rate_a": win_rate(differences, direction), "p_value": p_value, "p_holm": 1.0}
                | {"verdict": verdict}
            )
            signs.append(sign if direction == "higher" else -sign)
    family = [place for place, row in enumerate(found) if row["n"] >= FEWEST]
    for place, adjusted in zip(family, holm([found[place]["p_value"] for place in family]), strict=True):
        found[place]["p_holm"] = adjusted
        if adjusted < 1 - LEVEL:
            found[place]["verdict"] = A_BETTER if signs[place] > 0 else B_BETTER
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
                    text = f"{prefix}{mean:{number}} [{low:{number}}, {high:{number}}]"
                    cells.append(Cell(text, row.verdict == better))
                p_value = row.verdict if row.verdict == NOT_TESTED else _p(row.p_holm)
                difference = f"{row.mean_difference:+{number}} [{row.low:+{number}}, {row.high:+{number}}]"
                lines.append((sets[test_set], (*cells, Cell(difference), Cell(f"{row.win_rate_a:.0%}"), Cell(p_value))))
        groups.append((systems[system], tuple(lines)))
    differ = int(chosen["verdict"].isin({A_BETTER, B_BETTER}).sum())
    low, high = chosen["n"].min(), chosen["n"].max()
    return Table(
        title=f"{metric.title}: {prediction}, {REGIONS[region]}",
        caption="Demonstration, no result about the systems. "
        * settings["demonstration"]
        + f"N = {low if low == high else f'{low} to {high}'} images of each test set, the same with the same masks for "
        f"both sources; means of {PREDICTIONS[prediction]}, {REGIONS[region]}, with 95 % intervals (bootstrap over "
        "images); difference first − second, and the share of images on which the first is better. p of the Wilcoxon "
        "signed-rank test, Holm-corrected over the lines of a system; where it is below 0.05 the better source is bold "
        f"({differ} of {len(chosen)} lines). {metric.arrow} {metric.direction} is better.",
        head=("System", "Test set", *heads, "Difference", "First better", "p"),
        groups=tuple(groups),
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
