"""How every figure looks, and how it is written so that the same figure always has the same bytes."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl

from lacuna.files import atomic

mpl.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402 - the backend comes first

# Okabe & Ito's palette, told apart with every common colour blindness; yellow is left out, it is too pale on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DPI = 130
HOLE = (230, 0, 126)  # magenta is rare in photographs

STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine has it
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "lacuna",  # otherwise the ids in an SVG are random
    "svg.fonttype": "path",
}


def looks(names: Iterable[str]) -> dict[str, dict]:
    """Name → colour and marker, by the order of the names, so that a system looks the same in every figure."""
    return {
        name: {"color": PALETTE[i % len(PALETTE)], "marker": MARKERS[(i + i // len(PALETTE)) % len(MARKERS)]}
        for i, name in enumerate(names)
    }


@contextmanager
def written_to(path: str | Path, **subplots) -> Iterator[tuple]:
    """Yield `plt.subplots(**subplots)` in the house's style; write the figure, whole or not at all, and close it."""
    with mpl.rc_context({"savefig.dpi": DPI, **STYLE}):
        figure, axes = plt.subplots(**subplots)
        try:
            yield figure, axes
            # neither dates nor the library's version, which would change the bytes
            nothing = {"Date": None, "Creator": None} if Path(path).suffix == ".svg" else {"Software": None}
            with atomic(path) as partial:
                figure.savefig(partial, metadata=nothing)
        finally:
            plt.close(figure)
