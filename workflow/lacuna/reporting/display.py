"""A table as it is printed: its parts, and how numbers and intervals are written in its cells."""

import math
from dataclasses import dataclass

from lacuna.metrics.per_image import metric_by_name


@dataclass(frozen=True)
class Cell:
    """One number as it is printed; a shaded one has a ground of its own, and a mark that stands for it elsewhere."""

    text: str
    best: bool = False
    shaded: bool = False


def beside_cells(row) -> tuple[Cell, Cell, Cell]:
    """The published mean, ours, and ours − published, of a row with a `metric`, as that is printed."""
    number = f".{metric_by_name(row.metric).decimals}f"
    texts = (f"{row.published:{number}}", f"{row.ours:{number}}", f"{row.difference:+{number}}")
    return Cell(texts[0]), Cell(texts[1]), Cell(texts[2])


@dataclass(frozen=True)
class DisplayTable:
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
    metric = metric_by_name(metric_name)
    texts = ["–" if value is None else f"{value:.{metric.decimals}f}" for value in values]
    numbers = [float(text) for text in texts if text != "–"]
    best = (max if metric.direction == "higher" else min)(numbers) if len(numbers) > 1 else None
    return tuple(Cell(text, best is not None and text != "–" and float(text) == best) for text in texts)


def interval_text(low: float, high: float, number: str) -> str:
    """`[low, high]` in the format `number`; `[–]` where one photograph alone allows none."""
    return "[–]" if math.isnan(low) else f"[{low:{number}}, {high:{number}}]"


def with_interval(value: float, low: float, high: float, number: str) -> str:
    """`value [low, high]`, all in the format `number`."""
    return f"{value:{number}} {interval_text(low, high, number)}"


def numbers_of(column) -> str:
    """How many, of a series: `24`, or `18 to 24` where N is not the same everywhere."""
    low, high = column.min(), column.max()
    return f"{low}" if low == high else f"{low} to {high}"


def images_of(table, what: str = "images") -> str:
    """`N = 24 images of 8 photographs`, of a table with the columns `n` and `photographs`."""
    photographs = numbers_of(table["photographs"])
    return f"N = {numbers_of(table['n'])} {what} of {photographs} photograph{'s' * (photographs != '1')}"


def sentences(*parts: str) -> str:
    """The parts that are not empty, as one paragraph."""
    return " ".join(filter(None, parts))


def number(value: float) -> str:
    """Two decimals; from 100 on none, and below 1 three significant digits."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3g}"


def is_missing(value) -> bool:
    """Whether a cell of a tidy table holds nothing: None, NaN or pandas' NA."""
    import pandas as pd

    return bool(pd.isna(value))
