"""The seeds' Tables 1 and 2, one for each training source: data sets and metrics down, systems across."""

from dataclasses import dataclass

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.metrics.per_image import named
from lacuna.reporting.aggregation import ELSEWHERE, SHARED, UNTRAINED, leaderboard
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

# Which numbers a source's page shows, in this order; the first is what the text means by "the table".
BLOCKS = (("composite", "image"), ("composite", "hole"), ("raw", "image"))


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
        rows = []
        for metric in settings["metrics"]:
            values = [means.get((system, test_set, metric)) for system in shown]
            if any(value is not None for value in values):
                rows.append((named(metric).label, row_of(values, metric)))
        groups.append((f"{set_title} ({numbers[0]})", tuple(rows)))
    source_title = titles(settings["sources"]).get(source, "no source")
    return Table(
        title=f"Systems trained on {source_title}: {prediction}, {REGIONS[region]}",
        caption=_caption(settings, prediction, region, bool(untrained)),
        head=("Data set (N)", "Index", *(systems[name] + f" {UNTRAINED_MARK}" * (name in untrained) for name in shown)),
        groups=tuple(groups),
    )


def _caption(settings: dict, prediction: str, region: str, untrained: bool) -> str:
    sentences = [
        "Demonstration, no result about the systems." * settings["demonstration"],
        f"Means over the N test images of each data set, of {PREDICTIONS[prediction]}, {REGIONS[region]}.",
        "Images whose mask has no hole are left out." * (region == "hole"),
        "↑ higher is better, ↓ lower is better; the best of each line is bold, before any test of significance.",
        UNTRAINED_NOTE * untrained,
    ]
    return " ".join(filter(None, sentences))


def comparisons(quantitative: pd.DataFrame, settings: dict, source: str) -> list[Table]:
    """All blocks of one source's page."""
    return [comparison(quantitative, settings, source, *block) for block in BLOCKS]


def leaderboard_table(quantitative: pd.DataFrame, settings: dict) -> Table:
    """All systems over all test sets, best mean rank first."""
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    sources |= {UNTRAINED: "– (needs no training)", ELSEWHERE: "elsewhere"}
    check_known(quantitative["system"], systems, "system")
    check_known(quantitative["source"], sources, "source")
    board = leaderboard(quantitative)
    metrics = [name for name in settings["metrics"] if name in board]
    columns = [row_of(list(board[name]), name) for name in metrics]
    groups = []
    for position, row in enumerate(board.itertuples()):
        cells = (*(column[position] for column in columns), Cell(f"{row.mean_rank:.2f}"))
        groups.append((systems[row.system], ((sources[row.source], cells),)))
    numbers = sorted(set(board["n"]))
    return Table(
        title="All test sets together: composite, whole image",
        caption=f"Means over N = {' or '.join(map(str, numbers))} test images of {quantitative['test_set'].nunique()} "
        f"data sets, of {PREDICTIONS['composite']}, whole image. Ordered by the mean rank over the metrics. "
        "↑ higher is better, ↓ lower is better; the best of each column is bold, before any test of significance.",
        head=("System", "Trained on", *(named(name).label for name in metrics), "Mean rank ↓"),
        groups=tuple(groups),
    )


def initialisation_table(training: pd.DataFrame, settings: dict, numbers: dict[str, int]) -> Table:
    """Each trained system against its own initialisation, from `aggregation.training`.

    `numbers`: source → N of its validation images.
    """
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    groups, behind = [], []
    for (system, source), rows in training.groupby(["system", "source"], sort=False):
        lines = []
        for row in rows.itertuples():
            metric, reading = reading_of(row.metric)
            number = f".{metric.decimals}f"
            texts = (f"{row.initial:{number}}", f"{row.final:{number}}", f"{row.difference:+{number}}", row.better)
            lines.append((f"{metric.label} {reading}", tuple(Cell(text, text == "yes") for text in texts)))
            if reading == READINGS[""] and row.better != "yes":
                behind.append(f"{systems[system]} trained on {sources[source]} ({metric.title})")
        facts = f"{rows['steps'].iloc[0]} steps, N = {numbers[source]}"
        groups.append((f"{systems[system]}, {sources[source]} ({facts})", tuple(lines)))
    verdict = (
        f"On composites, these do not beat their own initialisation: {'; '.join(behind)}."
        if behind
        else "On composites, every trained system beats its own initialisation in every metric."
    )
    return Table(
        title="Trained against its own initialisation",
        caption="Means over the N validation images of the source: the same network before the first training step and "
        f"after the last one. {verdict} ↑ higher is better, ↓ lower is better.",
        head=("System, source", "Index", "Initialisation", "Trained", "Difference", "Better"),
        groups=tuple(groups),
    )
