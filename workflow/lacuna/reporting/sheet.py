"""A sheet of fills: a row for each picture, in columns its hole, what was filled in, and the truth where there is one.

Every picture is drawn by its own pixels: as it is where it fits, by a whole factor where it is small, reduced where it
is large. Nothing else lies over it.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.data.compositing import composite_picture
from lacuna.errors import LacunaError
from lacuna.reporting.style import DPI, HOLE, written_to

SIDE = 256  # pixels of a picture's longer side, at most
NARROWEST = 120  # pixels of a column, so that words under it have room
MOST_PIXELS = 30_000  # of the sheet, in each direction
GAP, MARGIN, LINE = 8, 10, 15  # pixels: between pictures, around everything, of a line of words
LETTER = 7  # pixels of a letter, about
FONT = 7.5
LABEL = 18  # letters of a row's label in one line
INK = "#222222"


@dataclass(frozen=True)
class Fill:
    """A filled picture, uint8 H×W×3, and what stands under it, such as its time; a line break begins a new line."""

    picture: np.ndarray
    note: str = ""


@dataclass(frozen=True)
class SheetRow:
    """One hole and all its fills.

    picture: uint8 H×W×3; what lies under the hole is not drawn. hole: bool H×W, True = hole. fills: one for each
    column; None leaves the place empty. truth: uint8 H×W×3, where it is known. note: what stands under the hole.
    """

    label: str
    picture: np.ndarray
    hole: np.ndarray
    fills: Sequence[Fill | None]
    truth: np.ndarray | None = None
    note: str = ""

    def __post_init__(self) -> None:
        size = self.picture.shape[:2]
        shown = [fill.picture for fill in self.fills if fill] + ([] if self.truth is None else [self.truth])
        for each in (self.picture, *shown):
            if each.dtype != np.uint8 or each.shape != (*size, 3):
                raise LacunaError(
                    f"a sheet takes pictures of uint8 values and one shape H×W×3 in a row, but '{self.label}' has "
                    f"{each.dtype} {each.shape} beside {self.picture.shape}; make them alike"
                )
        if self.hole.dtype != bool or self.hole.shape != size:
            raise LacunaError(
                f"a sheet takes the hole of '{self.label}' as bool {size}, not {self.hole.dtype} {self.hole.shape}; "
                "make it so"
            )

    def closer(self, label: str, room: float = 0.5, notes: bool = False) -> "SheetRow":
        """The same row, cut to the hole's box with a share `room` of the box's longer side around it; a hole is needed.

        notes: whether what stands under the pictures is kept.
        """
        rows, columns = (np.flatnonzero(self.hole.any(axis)) for axis in (1, 0))
        around = round(room * max(np.ptp(rows) + 1, np.ptp(columns) + 1))
        cut = tuple(slice(max(0, found[0] - around), found[-1] + 1 + around) for found in (rows, columns))
        fills = [fill and Fill(fill.picture[cut], fill.note if notes else "") for fill in self.fills]
        truth = None if self.truth is None else self.truth[cut]
        return SheetRow(label, self.picture[cut], self.hole[cut], fills, truth, self.note if notes else "")

    def shrunk(self) -> "SheetRow":
        """The same row as it is drawn, in the memory that this takes: a sheet of it and of this one are the same."""
        hidden, fills = _sized(_hidden(self)), [fill and Fill(_sized(fill.picture), fill.note) for fill in self.fills]
        truth = None if self.truth is None else _sized(self.truth)
        return SheetRow(self.label, hidden, np.zeros(hidden.shape[:2], bool), fills, truth, self.note)


def draw_sheet(heads: Sequence[str], rows: Sequence[SheetRow], output: str | Path, title: str = "") -> None:
    """Write the rows as a PNG, whole or not at all; the same rows always give the same bytes.

    heads: what stands over each column of fills, such as a system and its sample; each row has as many fills. The
    column of truths is there if a row has one. title: a line over everything. Errors: a `LacunaError` for another
    number of fills, for no rows, and for a sheet that would be larger than `MOST_PIXELS`.
    """
    for row in rows:
        if len(row.fills) != len(heads):
            raise LacunaError(f"'{row.label}' has {len(row.fills)} fills for {len(heads)} columns; give one for each")
    if not rows:
        raise LacunaError("a sheet without a picture cannot be drawn; give one")
    with_truth = any(row.truth is not None for row in rows)
    names = ["hole", *heads, *["truth"] * with_truth]
    lines = [_cells(row, with_truth) for row in rows]
    wide = max(NARROWEST, *(cell.picture.shape[1] for cells in lines for cell in cells if cell))
    letters = wide // LETTER
    heads_wrapped = [_wrapped(name, letters) for name in names]
    labels = [_wrapped(row.label, LABEL) for row in rows]
    left = MARGIN + (max(len(line) for label in labels for line in label.split("\n")) * LETTER + GAP)
    top = MARGIN + LINE * (bool(title) + _lines_of(heads_wrapped))
    width = left + len(names) * (wide + GAP) - GAP + MARGIN
    heights = [_height(cells, label, letters) for cells, label in zip(lines, labels, strict=True)]
    height = top + sum(heights) + GAP * len(rows) + MARGIN
    if max(width, height) > MOST_PIXELS:
        raise LacunaError(
            f"the sheet {output} would have {width}×{height} pixels, more than {MOST_PIXELS:,}; give it fewer pictures"
        )
    # a hundredth of a pixel more, so that rounding does not lose a whole one
    size = ((width + 0.01) / DPI, (height + 0.01) / DPI)
    with written_to(output, figsize=size, dpi=DPI) as (figure, axis):
        axis.remove()

        def say(words: str, x: float, y: float, **how) -> None:
            figure.text(x / width, 1 - y / height, words, fontsize=FONT, color=INK, linespacing=1.1, **how)

        if title:
            say(title, MARGIN, MARGIN, va="top", weight="bold")
        for column, head in enumerate(heads_wrapped):
            say(head, left + column * (wide + GAP) + wide / 2, top - 3, ha="center", va="bottom", weight="bold")
        y = top
        for cells, label, tall in zip(lines, labels, heights, strict=True):
            say(label, left - GAP, y, ha="right", va="top")
            for column, cell in enumerate(cells):
                if cell is None:
                    continue
                high, across = cell.picture.shape[:2]
                x = left + column * (wide + GAP) + (wide - across) // 2
                figure.figimage(cell.picture, xo=x, yo=height - y - high, origin="upper", resize=False)
                say(_wrapped(cell.note, letters), x + across / 2, y + high + 3, ha="center", va="top")
            y += tall + GAP


def _cells(row: SheetRow, with_truth: bool) -> list[Fill | None]:
    """What a row shows, in the sheet's size."""
    cells: list[Fill | None] = [Fill(_hidden(row), row.note), *row.fills]
    if with_truth:
        cells.append(None if row.truth is None else Fill(row.truth))
    return [cell and Fill(_sized(cell.picture), cell.note) for cell in cells]


def _hidden(row: SheetRow) -> np.ndarray:
    return composite_picture(np.array(HOLE, np.uint8), row.picture, row.hole)


def _sized(picture: np.ndarray) -> np.ndarray:
    """The picture with a longer side of at most `SIDE`: reduced, as it is, or every pixel repeated."""
    height, width = picture.shape[:2]
    longest = max(height, width)
    if longest <= SIDE:
        times = SIDE // longest
        return picture.repeat(times, 0).repeat(times, 1)
    reduced = max(1, round(width * SIDE / longest)), max(1, round(height * SIDE / longest))
    return np.asarray(Image.fromarray(np.ascontiguousarray(picture)).resize(reduced, Image.Resampling.LANCZOS))


def _wrapped(words: str, letters: int) -> str:
    return "\n".join(textwrap.fill(line, max(8, letters)) for line in words.split("\n"))


def _lines_of(words: Sequence[str]) -> int:
    """How many lines the longest of some texts has."""
    return max(text.count("\n") + 1 if text else 0 for text in words)


def _height(cells: Sequence[Fill | None], label: str, letters: int) -> int:
    """Pixels of a row with what stands beside and under its pictures."""
    shown = [cell for cell in cells if cell]
    under = max(cell.picture.shape[0] + LINE * _lines_of([_wrapped(cell.note, letters)]) for cell in shown)
    return max(under, LINE * _lines_of([label])) + 3
