"""Rows of examples: input with the hole, prediction, composite, truth, with a score under each example."""

import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lacuna.data.compositing import composite_picture
from lacuna.metrics.triples import Files, read_triple
from lacuna.reporting.style import HOLE, written_to

SIDE = 0.86  # inches of a picture
GAP = 0.14  # between examples, in sides of a picture
ABOVE, BELOW, LEFT = 0.24, 0.24, 1.35  # room for words, in sides of a picture


@dataclass(frozen=True)
class Example:
    """One image with one system's prediction: its files, what the example stands for, and its score."""

    files: Files
    what: str
    score: str


def draw_strips(rows: list[tuple[str, list[Example]]], output: str | Path, raw: bool) -> None:
    """Write the rows (label, examples) as PNG; with `raw`, the raw prediction stands before the composite.

    Raises `LacunaError` for a file that is missing or of another size than its image.
    """
    heads = ["input", *["raw"] * raw, "composite", "truth"]
    most = max(len(examples) for _, examples in rows)
    group = len(heads) + GAP
    width, height = LEFT + most * group - GAP, 0.3 + len(rows) * (1 + ABOVE + BELOW)
    # one axes for all pictures: hundreds of axes would take minutes to lay out
    with written_to(output, figsize=(width * SIDE, height * SIDE)) as (figure, axis):
        figure.subplots_adjust(left=0, right=1, bottom=0, top=1)
        axis.set_axis_off()
        for place in range(most):
            for column, head in enumerate(heads):
                x = LEFT + place * group + column + 0.5
                axis.text(x, 0.16, head, ha="center", va="center", fontsize=7.5, color="#444444")
        for line, (label, examples) in enumerate(rows):
            top = 0.3 + line * (1 + ABOVE + BELOW) + ABOVE
            axis.text(LEFT - 0.08, top + 0.5, textwrap.fill(label, 15), ha="right", va="center", fontsize=7.5)
            for place, example in enumerate(examples):
                left = LEFT + place * group
                axis.text(left, top - 0.05, example.what, ha="left", va="bottom", fontsize=7, weight="bold")
                axis.text(left, top + 1.05, example.score, ha="left", va="top", fontsize=7)
                for column, picture in enumerate(_pictures(example, raw)):
                    _show(axis, picture, left + column, top)
        axis.set(xlim=(0, width), ylim=(height, 0))


def _pictures(example: Example, raw: bool) -> list[np.ndarray]:
    """uint8 H×W×3 each."""
    truth, hole, prediction, image = read_triple(example.files)
    hidden = composite_picture(np.array(HOLE, np.uint8), image, hole)
    return [hidden, *[prediction] * raw, composite_picture(prediction, image, hole), truth]


def _show(axis, picture: np.ndarray, left: float, top: float) -> None:
    """The picture in the square of side 1 at (left, top), whole and in its own proportions."""
    height, width = (side / max(picture.shape[:2]) * 0.96 for side in picture.shape[:2])
    x, y = left + (1 - width) / 2, top + (1 - height) / 2
    axis.imshow(picture, extent=(x, x + width, y + height, y), interpolation="auto", aspect="auto")
