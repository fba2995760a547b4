"""The seeds' Tables 1 and 2, one for each training source: data sets and metrics down, systems across.

Many systems do not fit across a page: then they stand below each other, and the metrics across.
"""

import math
from dataclasses import dataclass
from itertools import product

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.metrics.per_image import named
from lacuna.reporting.aggregation import SHARED
from lacuna.reporting.bootstrap import LEVEL
from lacuna.reporting.statistics import A_BETTER, B_BETTER, FEWEST
from lacuna.reporting.titles import (
    PREDICTIONS,
    READINGS,
    REGIONS,
    UNTRAINED_MARK,
    UNTRAINED_NOTE,
    check_known,
    reading_of,
    titles,
)
from lacuna.sources import ELSEWHERE, UNTRAINED

# Which numbers a source's page shows, in this order; the first is what the text means by "the table".
BLOCKS = (("composite", "image"), ("composite", "hole"), ("composite", "boundary"), ("raw", "image"))
ACROSS = 8  # systems that fit across a page


@dataclass(frozen=True)
class Cell:
    """One number as it is printed."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A table ready to be rendered. `groups` are (label, rows); a row is (label, cells)."""

    title: str
    caption: str
    head: tuple[str, ...]
    groups: tuple[tuple[str, tuple[tuple[str, tuple[Cell, ...]], ...]], ...]

    @property
    def lines(self) -> int:
        """How many lines of numbers it has."""
        return sum(len(rows) for _, rows in self.groups)


def row_of(values: list[float | None], metric_name: str) -> tuple[Cell, ...]:
    """Cells with the metric's digits; all that print the best value are best, so that what looks equal is."""
    metric = named(metric_name)
    texts = ["–" if value is None else f"{value:.{metric.decimals}f}" for value in values]
    numbers = [float(text) for text in texts if text != "–"]
    best = (max if metric.direction == "higher" else min)(numbers) if len(numbers) > 1 else None
    return tuple(Cell(text, best is not None and text != "–" and float(text) == best) for text in texts)


def comparison(quantitative: pd.DataFrame, settings: dict, source: str, prediction: str, region: str) -> Table:
    """The table of one source for one kind of prediction and region, from `aggregation.quantitative`.

    Raises `LacunaError` for results that the settings do not name and for columns compared at different N.
    """
    systems, sets = titles(settings["systems"]), titles(settings["test_sets"])
    check_known(quantitative["system"], systems, "system")
    check_known(quantitative["test_set"], sets, "test set")
    chosen = quantitative[
        quantitative["source"].isin({source, *SHARED})
        & (quantitative["prediction"] == prediction)
        & (quantitative["region"] == region)
    ]
    means = chosen.set_index(["system", "test_set", "metric"])["mean"].to_dict()
    untrained = set(chosen.loc[chosen["source"].isin(SHARED), "system"])
    shown = [name for name in systems if name in set(chosen["system"])]
    names = [systems[name] + f" {UNTRAINED_MARK}" * (name in untrained) for name in shown]
    metrics = [name for name in settings["metrics"] if name in set(chosen["metric"])]
    groups = []
    for test_set, set_title in sets.items():
        numbers = sorted(set(chosen.loc[chosen["test_set"] == test_set, "n"]))
        if not numbers:
            continue
        if len(numbers) > 1:
            raise LacunaError(
                f"the systems were scored on different numbers of images of '{test_set}' ({numbers[0]} and "
                f"{numbers[-1]}), so their means do not compare; run the rule 'score' again."
            )
        cells = [row_of([means.get((system, test_set, metric)) for system in shown], metric) for metric in metrics]
        groups.append((f"{set_title} ({numbers[0]})", cells))
    labels = [named(metric).label for metric in metrics]
    head, down, lines = ("Index", *names), labels, groups
    if len(shown) > ACROSS:
        head, down = ("System", *labels), names
        lines = [(label, list(zip(*cells, strict=True))) for label, cells in groups]
    source_title = titles(settings["sources"]).get(source, "no source")
    return Table(
        title=f"Systems trained on {source_title}: {prediction}, {REGIONS[region]}",
        caption=_caption(settings, prediction, region, bool(untrained)),
        head=("Data set (N)", *head),
        groups=tuple((label, tuple(zip(down, cells, strict=True))) for label, cells in lines),
    )


def _caption(settings: dict, prediction: str, region: str, untrained: bool) -> str:
    sentences = [
        "Demonstration, no result about the systems." * settings["demonstration"],
        f"Means over the N test images of each data set, of {PREDICTIONS[prediction]}, {REGIONS[region]}.",
        "Images whose mask has no hole are left out." * (region != "image"),
        "↑ higher is better, ↓ lower is better; the best of each data set and index is bold, before any test of "
        "significance.",
        UNTRAINED_NOTE * untrained,
    ]
    return " ".join(filter(None, sentences))


def comparisons(quantitative: pd.DataFrame, settings: dict, source: str) -> list[Table]:
    """All blocks of one source's page that hold a value."""
    blocks = (comparison(quantitative, settings, source, *block) for block in BLOCKS)
    return [table for table in blocks if table.lines]


def leaderboard_table(board: pd.DataFrame, settings: dict) -> Table:
    """All systems over all test sets, best mean rank first, from `statistics.leaderboard_intervals`."""
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    sources |= {UNTRAINED: "– (needs no training)", ELSEWHERE: "elsewhere"}
    check_known(board["system"], systems, "system")
    check_known(board["source"], sources, "source")
    metrics = [name for name in settings["metrics"] if name in set(board["metric"])]
    places = board.drop_duplicates(["system", "source"])
    rows = {(row.system, row.source, row.metric): row for row in board.itertuples()}
    keys = list(zip(places["system"], places["source"], strict=True))
    columns = [_with_intervals([rows.get((*key, name)) for key in keys], name) for name in metrics]
    groups = []
    for position, (place, (system, source)) in enumerate(zip(places.itertuples(), keys, strict=True)):
        rank = f"{place.mean_rank:.2f} {interval_text(place.rank_low, place.rank_high, '.2f')}"
        cells = (*(column[position] for column in columns), Cell(rank))
        groups.append((systems[system], ((sources[source], cells),)))
    return Table(
        title="All test sets together: composite, whole image",
        caption=f"Means over N = {numbers_of(board['n'])} test images of {numbers_of(board['photographs'])} "
        f"photographs of {len(titles(settings['test_sets']))} data sets, of {PREDICTIONS['composite']}, whole image; "
        "in brackets their 95 % intervals (bootstrap over photographs). Ordered by the mean rank over the "
        "metrics, whose interval ranks the means over the same resampled photographs. "
        "↑ higher is better, ↓ lower is better; the best of each column is bold, before any test of significance.",
        head=("System", "Trained on", *(named(name).label for name in metrics), "Mean rank ↓"),
        groups=tuple(groups),
    )


def _with_intervals(rows: list, metric_name: str) -> list[Cell]:
    """The cells of `row_of`, each with its interval; None is a missing row."""
    number = f".{named(metric_name).decimals}f"
    cells = row_of([None if row is None else row.mean for row in rows], metric_name)
    return [
        cell if row is None else Cell(f"{cell.text} {interval_text(row.low, row.high, number)}", cell.best)
        for cell, row in zip(cells, rows, strict=True)
    ]


def interval_text(low: float, high: float, number: str) -> str:
    """`[low, high]` in the format `number`; `[–]` where one photograph alone allows none."""
    return "[–]" if math.isnan(low) else f"[{low:{number}}, {high:{number}}]"


def numbers_of(column: pd.Series) -> str:
    """How many: `24`, or `18 to 24` where N is not the same everywhere."""
    low, high = column.min(), column.max()
    return f"{low}" if low == high else f"{low} to {high}"


def pairs_table(pairs: pd.DataFrame, settings: dict, prediction: str, region: str) -> Table:
    """The pairs of systems that differ in a metric after Holm's correction, from a non-empty `statistics.pairs`."""
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    chosen = pairs[(pairs["prediction"] == prediction) & (pairs["region"] == region)]
    differs = chosen["verdict"].isin({A_BETTER, B_BETTER})
    metrics = [name for name in settings["metrics"] if name in set(chosen["metric"])]
    rows = {(row.source, row.system_a, row.system_b, row.metric): row for row in chosen.itertuples()}
    groups = []
    for source in [*sources, *sorted(SHARED)]:
        some = chosen[differs & (chosen["source"] == source)]
        if some.empty:
            continue
        lines = []
        for a, b in dict.fromkeys(zip(some["system_a"], some["system_b"], strict=True)):
            cells = tuple(_difference(rows.get((source, a, b, name)), name) for name in metrics)
            lines.append((f"{systems[a]} – {systems[b]}", cells))
        groups.append((sources.get(source, "no source"), tuple(lines)))
    untested = int((chosen["photographs"] < FEWEST).sum())
    return Table(
        title=f"Pairs of systems that differ: {prediction}, {REGIONS[region]}",
        caption=f"{int(differs.sum())} of {len(chosen) - untested} comparisons differ: Wilcoxon signed-rank test on "
        "the same images and masks, averaged by photograph, p < 0.05 after Holm's correction over all pairs and "
        "metrics of a training source (bold; none where the interval of the mean difference holds 0 or lies on the "
        "other side). "
        f"N = {numbers_of(chosen['n'])} test images of {numbers_of(chosen['photographs'])} photographs, "
        f"of {PREDICTIONS[prediction]}, {REGIONS[region]}. "
        "Each cell: mean of first − second with its 95 % interval (bootstrap over photographs), and the share of "
        "images on which the first is better, ties counted half. "
        "Pairs that differ in no metric are left out: no difference shown is not the same as equal."
        + f" Too few photographs (below {FEWEST}) to test: {untested}." * (untested > 0)
        + _unreachable(chosen),
        head=("Trained on", "First – second", *(named(name).label for name in metrics)),
        groups=tuple(groups),
    )


def _unreachable(chosen: pd.DataFrame) -> str:
    """A sentence, where even systems that differ on every photograph would not pass so many comparisons."""
    tested = chosen[chosen["photographs"] >= FEWEST]
    if tested.empty:
        return ""
    number, photographs = int(tested.groupby("source").size().min()), int(tested["photographs"].max())
    least = number * 2.0 ** (1 - photographs)
    if least < 1 - LEVEL:
        return ""
    return (
        f" With {photographs} photographs no p of {number} comparisons can fall below {min(1, least):.2f}, so none "
        "can be shown to differ here; that says nothing about the systems."
    )


def _difference(row, metric_name: str) -> Cell:
    if row is None:
        return Cell("–")
    number = f"+.{named(metric_name).decimals}f"
    text = f"{row.mean_difference:{number}} {interval_text(row.low, row.high, number)}, {row.win_rate_a:.0%}"
    return Cell(text, row.verdict in {A_BETTER, B_BETTER})


def published_table(comparison: pd.DataFrame, settings: dict) -> Table:
    """Published means beside ours, from a non-empty `published.compare`."""
    systems, sources, sets = (titles(settings[name]) for name in ("systems", "sources", "test_sets"))
    groups = []
    for source, test_set in product(sources, sets):
        rows = comparison[(comparison["source"] == source) & (comparison["test_set"] == test_set)]
        if rows.empty:
            continue
        lines = []
        for row in rows.itertuples():
            number = f".{named(row.metric).decimals}f"
            texts = (f"{row.published:{number}}", f"{row.ours:{number}}", f"{row.difference:+{number}}")
            lines.append((f"{systems[row.system]}, {named(row.metric).label}", tuple(map(Cell, texts))))
        numbers = f"N = {numbers_of(rows['published_n'])} published, {numbers_of(rows['ours_n'])} ours"
        groups.append((f"{sources[source]} → {sets[test_set]} ({numbers})", tuple(lines)))
    return Table(
        title="Published means beside ours",
        caption="Demonstration: the photographs, sizes and trainings are not those of the published table. "
        * settings["demonstration"]
        + "Published: a student's comparison, tables 1 and 2: 300 images of 256×256 for each test set, about two hours "
        "of training on one Colab GPU, whole image as each authors' test script saved it, which need not be raw or "
        f"composite alike. Ours: {PREDICTIONS['composite']}, whole image, all paired and scored by the same code, N as "
        "each group says; "
        "published LPIPS is read as that of AlexNet. Photographs, masks, budgets and image sizes differ, so a "
        "difference (ours − published) is no verdict on a system. ↑ higher is better, ↓ lower is better.",
        head=("Trained on → test set", "System, index", "Published", "Ours", "Difference"),
        groups=tuple(groups),
    )


def initialisation_table(training: pd.DataFrame, settings: dict) -> Table:
    """Each trained system against its own initialisation, from `aggregation.training`."""
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    groups, behind = [], []
    for (system, source), rows in training.groupby(["system", "source"], sort=False):
        lines = []
        for row in rows.itertuples():
            metric, reading = reading_of(row.metric)
            number = f".{metric.decimals}f"
            same = f"{row.initial:{number}}" == f"{row.final:{number}}"
            verdict = "same" if same else row.better
            texts = (f"{row.initial:{number}}", f"{row.final:{number}}", f"{row.difference:+{number}}", verdict)
            lines.append((f"{metric.label} {reading}", tuple(Cell(text, text == "yes") for text in texts)))
            if reading == READINGS[""] and row.better != "yes":
                behind.append(f"{systems[system]} trained on {sources[source]} ({metric.title})")
        facts = f"{rows['steps'].iloc[0]} steps, N = {rows['n'].iloc[0]}"
        groups.append((f"{systems[system]}, {sources[source]} ({facts})", tuple(lines)))
    verdict = (
        f"On composites, these do not beat their own initialisation: {'; '.join(behind)}."
        if behind
        else "On composites, every trained system beats its own initialisation in every metric."
    )
    return Table(
        title="Trained against its own initialisation",
        caption="Means over the N validation images of the source, of composites and raw predictions, on the region "
        "that each line names: the same network before the first training step and after the last one."
        f" {verdict} ↑ higher is better, ↓ lower is better.",
        head=("System, source", "Index", "Initialisation", "Trained", "Difference", "Better"),
        groups=tuple(groups),
    )
