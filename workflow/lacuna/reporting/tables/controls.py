"""The controls beside what the systems reach: ground truth, mean fill and masked input, scored as systems are."""

from lacuna.controls import TITLES
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, sentences
from lacuna.reporting.tables.set_scores import control_set_tables
from lacuna.reporting.titles import PREDICTIONS, REGIONS, titles

SYSTEMS = "Systems, worst to best"


def rows(run):
    """`aggregation.quantitative` of the controls; empty where the config leaves them out."""
    import pandas as pd

    from lacuna.reporting.aggregation import QUANTITATIVE, quantitative, read_scores

    files = run.files("controls")
    return quantitative(read_scores(files)) if files else pd.DataFrame(columns=QUANTITATIVE)


def shown(run, _="") -> list[DisplayTable]:
    """The controls by image and as sets."""
    controls, quantitative = (run.selected(run.table(name)) for name in ("controls", "quantitative"))
    return [
        *control_tables(controls, quantitative, run.settings),
        *control_set_tables(run.table("set_scores"), run.settings, TITLES),
    ]


def pooled(means):
    """Means over all test sets, weighted by N, of every system and source: columns `test_set` (None), `mean`, `n`."""
    keys = ["system", "source", "metric"]
    sums = means.assign(total=means["mean"] * means["n"]).groupby(keys, sort=False)[["total", "n"]].sum().reset_index()
    return sums.assign(mean=sums["total"] / sums["n"], test_set=None)


def control_tables(controls, quantitative, settings: dict) -> list[DisplayTable]:
    """Controls in one table a region, from `tables/controls.csv`; none where a run has none.

    `quantitative` is `aggregation.quantitative` of the systems. `settings`: titles and `metrics`.
    """
    from lacuna.reporting.statistics import BLOCKS

    return [_table(controls, quantitative, settings, *block) for block in BLOCKS] if len(controls) else []


def _table(controls, quantitative, settings: dict, prediction: str, region: str) -> DisplayTable:
    sets = titles(settings["test_sets"])
    of_controls, of_systems = (
        table[(table["prediction"] == prediction) & (table["region"] == region)] for table in (controls, quantitative)
    )
    metrics = [name for name in settings["metrics"] if name in set(of_controls["metric"])]
    groups = []
    if len(sets) > 1:
        groups.append(_group("All data sets", pooled(of_controls), pooled(of_systems), metrics))
    for test_set, title in sets.items():
        here, there = (table[table["test_set"] == test_set] for table in (of_controls, of_systems))
        groups.append(_group(title, here, there, metrics))
    return DisplayTable(
        title=f"Controls: {prediction}, {REGIONS[region]}",
        caption=sentences(
            TABLE.text(),
            f"Shown: {PREDICTIONS[prediction]}, {REGIONS[region]}"
            + ", images whose mask has no hole left out" * (region == "hole")
            + ". ↑ higher is better, ↓ lower is better.",
        ),
        head=("Data set (N)", "Filled with", *(metric_by_name(name).label for name in metrics)),
        groups=tuple(groups),
    )


def _group(title: str, of_controls, of_systems, metrics: list[str]):
    means = of_controls.set_index(["system", "metric"])["mean"]
    number = {name: f".{metric_by_name(name).decimals}f" for name in metrics}
    lines = [
        (TITLES[name], tuple(Cell(f"{means[name, metric]:{number[metric]}}") for metric in metrics))
        for name in TITLES
        if name in means.index
    ]
    ranges = []
    for metric in metrics:
        values = of_systems.loc[of_systems["metric"] == metric, "mean"]
        ends = sorted((values.min(), values.max()), reverse=metric_by_name(metric).direction == "lower")
        ranges.append(Cell(" to ".join(f"{end:{number[metric]}}" for end in ends)))
    lines.append((SYSTEMS, tuple(ranges)))
    return f"{title} ({of_controls['n'].iloc[0]})", tuple(lines)


TABLE = Table(
    title="controls",
    section="controls",
    caption="Means over the N test images of the controls, scored by the same code as the systems, in every region, "
    "raw and composite, which are the same for all three; they take no part in ranks and tests. Ground truth is the "
    "image itself: the perfect value of every metric, or something is mispaired. Mean fill gives the hole the mean "
    "colour of the rest. Masked input hands back what a system is given, the hole black: what the valid region alone "
    "is worth. A system below one of the last two has learnt nothing about the hole.",
    columns={"source": "control for all of them; the other columns are those of the tidy table, n is N"},
    inputs=("controls", "set_scores"),
    rows=rows,
    shown=shown,
    nothing="The config leaves the controls out, so no system was compared with mean fill, the masked input and the "
    "ground truth.",
)
