"""The yardsticks beside what the systems reach: the sanity rows of a comparison."""

import pandas as pd

from lacuna.metrics.per_image import named
from lacuna.reporting.statistics import BLOCKS
from lacuna.reporting.tables import Cell, Table
from lacuna.reporting.titles import PREDICTIONS, REGIONS, titles
from lacuna.yardsticks import TITLES

SYSTEMS = "Systems, worst to best"


def pooled(means: pd.DataFrame) -> pd.DataFrame:
    """Means over all test sets, weighted by N, of every system and source: columns `test_set` (None), `mean`, `n`."""
    keys = ["system", "source", "metric"]
    sums = means.assign(total=means["mean"] * means["n"]).groupby(keys, sort=False)[["total", "n"]].sum().reset_index()
    return sums.assign(mean=sums["total"] / sums["n"], test_set=None)


def yardstick_tables(yardsticks: pd.DataFrame, quantitative: pd.DataFrame, settings: dict) -> list[Table]:
    """Yardsticks in one table a region, from `tables/sanity.csv`; none where a run has no yardsticks.

    `quantitative` is `aggregation.quantitative` of the systems. `settings`: titles, `demonstration` and `metrics`.
    """
    return [_table(yardsticks, quantitative, settings, *block) for block in BLOCKS] if len(yardsticks) else []


def _table(yardsticks, quantitative, settings: dict, prediction: str, region: str) -> Table:
    sets = titles(settings["test_sets"])
    of_yardsticks, of_systems = (
        table[(table["prediction"] == prediction) & (table["region"] == region)] for table in (yardsticks, quantitative)
    )
    metrics = [name for name in settings["metrics"] if name in set(of_yardsticks["metric"])]
    groups = []
    if len(sets) > 1:
        groups.append(_group("All data sets", pooled(of_yardsticks), pooled(of_systems), metrics))
    for test_set, title in sets.items():
        chosen = (table[table["test_set"] == test_set] for table in (of_yardsticks, of_systems))
        groups.append(_group(title, *chosen, metrics))
    return Table(
        title=f"Yardsticks: {prediction}, {REGIONS[region]}",
        caption="Demonstration, no result about the systems. " * settings["demonstration"]
        + f"Means over the N test images, of {PREDICTIONS[prediction]}, {REGIONS[region]}"
        + ", images whose mask has no hole left out" * (region == "hole")
        + ", scored by the same code as the systems; yardsticks take no part in ranks and tests. Ground truth is the "
        "image itself: the perfect value of every metric, or something is mispaired. Mean fill gives the hole the mean "
        "colour of the rest. Masked input hands back what a system is given, the hole black: what the valid region "
        "alone is worth. Raw and composite are the same for all three. ↑ higher is better, ↓ lower is better.",
        head=("Data set (N)", "Filled with", *(named(name).label for name in metrics)),
        groups=tuple(groups),
    )


def _group(title: str, of_yardsticks: pd.DataFrame, of_systems: pd.DataFrame, metrics: list[str]):
    means = of_yardsticks.set_index(["system", "metric"])["mean"]
    number = {name: f".{named(name).decimals}f" for name in metrics}
    lines = [
        (TITLES[name], tuple(Cell(f"{means[name, metric]:{number[metric]}}") for metric in metrics))
        for name in TITLES
        if name in means.index
    ]
    ranges = []
    for metric in metrics:
        values = of_systems.loc[of_systems["metric"] == metric, "mean"]
        ends = sorted((values.min(), values.max()), reverse=named(metric).direction == "lower")
        ranges.append(Cell(" to ".join(f"{end:{number[metric]}}" for end in ends)))
    lines.append((SYSTEMS, tuple(ranges)))
    return f"{title} ({of_yardsticks['n'].iloc[0]})", tuple(lines)
