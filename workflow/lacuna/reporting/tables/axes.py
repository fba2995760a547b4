"""What changes with the masks of training, the masks of the test, and the size."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.axis_words import cell_of, size_text, varied
from lacuna.reporting.descriptions import APART, Table
from lacuna.reporting.display import Cell, DisplayTable, images_of, sentences, with_interval
from lacuna.reporting.titles import PREDICTIONS, REGIONS, UNTRAINED_MARK, UNTRAINED_NOTE, titles
from lacuna.sources import SHARED

if TYPE_CHECKING:  # Snakemake reads this file at every start
    import pandas as pd

BLOCK = ("composite", "hole")  # what the page shows: outside the hole a composite is right whatever the mask
HEADS = {"train_masks": "Trained with", "test_masks": "Test masks", "image_size": "Size"}


def rows(run):
    """`axis_means.axis_means` of every cell."""
    from lacuna.reporting.axis_means import axis_means

    return axis_means(run.cells)


def shown(run, _="") -> list[DisplayTable]:
    """Masks of training × masks of the test, then systems × test masks, then systems × sizes, one table a metric."""
    return list(_tables(run, run.table("axes")))


def _tables(run, table) -> Iterator[DisplayTable]:
    there = varied(run.settings)
    chosen = table[(table["prediction"] == BLOCK[0]) & (table["region"] == BLOCK[1])]
    for metric in [name for name in run.metrics if name in set(chosen["metric"])]:
        of_metric = chosen[chosen["metric"] == metric]
        if {"train_masks", "test_masks"} <= set(there):
            yield _crossed(run, of_metric, metric)
        elif "train_masks" in there:
            yield _by_system(run, of_metric, metric, "train_masks")
        for axis in ("test_masks", "image_size"):
            if axis in there:
                yield _by_system(run, of_metric, metric, axis)


def _values(run, axis: str) -> list[str]:
    return [str(value) for value in run.settings["axes"][axis]]


def _crossed(run, table, metric: str) -> DisplayTable:
    """Lines are mask sets of training, columns those of the test, groups systems and sources."""
    from lacuna.reporting.axis_means import across

    chosen = across(table, "test_masks", "train_masks", run.selection)
    groups = []
    for (system, source), mine in _in_order(run, chosen):
        lines = [
            (trained, _cells(mine[mine["train_masks"].astype(str) == trained], "test_masks", run, metric))
            for trained in _values(run, "train_masks")
        ]
        groups.append((_label(run, system, source), tuple(lines)))
    head = ("System, trained on", "Trained with masks ↓, tested with →", *_values(run, "test_masks"))
    return _display(run, chosen, metric, "masks of training × masks of the test", head, groups, {"image_size"})


def _by_system(run, table, metric: str, axis: str) -> DisplayTable:
    """Lines are systems and sources, columns the values of an axis."""
    from lacuna.reporting.axis_means import across

    chosen = across(table, axis, "system", run.selection)
    lines = [
        (_label(run, system, source), _cells(mine, axis, run, metric))
        for (system, source), mine in _in_order(run, chosen)
    ]
    names = _values(run, axis)
    heads = [size_text(name) for name in names] if axis == "image_size" else names
    title = {"test_masks": "masks of the test", "image_size": "size", "train_masks": "masks of training"}[axis]
    held = {"train_masks", "test_masks", "image_size"} - {axis}
    return _display(
        run, chosen, metric, f"{title} × system", (HEADS[axis], "System", *heads), [("", tuple(lines))], held
    )


def _display(run, chosen, metric: str, title: str, head: tuple, groups: list, held: set[str]) -> DisplayTable:
    fact = metric_by_name(metric)
    others = {name: run.selection[name] for name in varied(run.settings) if name in held and name in run.selection}
    n = images_of(chosen)
    return DisplayTable(
        title=f"{fact.title}: {title}",
        caption=sentences(
            TABLE.text(n=n),
            f"Shown: {PREDICTIONS[BLOCK[0]]}, {REGIONS[BLOCK[1]]}.",
            f"Held: {cell_of(others)}." if others else "",
            f"{fact.arrow} {fact.direction} is better. N of each cell is in tables/axes.csv.",
            UNTRAINED_NOTE * bool(set(chosen["source"]) & SHARED),
        ),
        head=head,
        groups=tuple(groups),
    )


def _in_order(run, table) -> "Iterator[tuple[tuple[str, str], pd.DataFrame]]":
    """Systems and sources in the order of the config, with their rows."""
    of = {(system, source): mine for (system, source), mine in table.groupby(["system", "source"], sort=True)}
    sources = [*titles(run.settings["sources"]), *sorted(SHARED)]
    for key in [(system, source) for system in run.systems for source in sources]:
        if key in of:
            yield key, of[key]


def _label(run, system: str, source: str) -> str:
    if source in SHARED:
        return f"{run.systems[system]} {UNTRAINED_MARK}"
    return f"{run.systems[system]}, {run.sources[source]}"


def _cells(mine, axis: str, run, metric: str) -> tuple[Cell, ...]:
    number = f".{metric_by_name(metric).decimals}f"
    of = {str(row[axis]): row for row in mine.to_dict("records")}
    found = [of.get(value) for value in _values(run, axis)]
    return tuple(
        Cell("–" if row is None else f"{with_interval(row['mean'], row['low'], row['high'], number)}, {row['n']}")
        for row in found
    )


TABLE = Table(
    title="masks and sizes",
    section="axes",
    place=10,
    caption="Means over all test sets together ({n}), each cell with its own 95 % interval (bootstrap over "
    "photographs, and over trainings where there are several) and its N behind the comma.",
    columns={
        "prediction, region": "composites, on the whole image and in the hole only",
        "mean, low, high": "mean over the n images, and its interval",
        "n, photographs, trainings": "number N of images, of the photographs that they were cut from, and of trainings",
    },
    inputs=("scores",),
    cells=APART,
    applies=lambda plan: bool(plan.axes()),
    rows=rows,
    shown=shown,
)
