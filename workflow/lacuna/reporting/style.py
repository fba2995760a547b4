"""How every figure looks, and how it is written so that the same figure always has the same bytes."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import matplotlib as mpl

from lacuna.files import atomic

mpl.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402 - the backend comes first
from matplotlib import font_manager  # noqa: E402
from matplotlib.font_manager import get_font  # noqa: E402
from matplotlib.text import Text  # noqa: E402
from matplotlib.ticker import LogFormatter  # noqa: E402

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
    """Yield `plt.subplots(**subplots)` in the style of all figures; write it, whole or not at all, and close it.

    Every text that was put into the figure is drawn letter by letter: `$` begins no formula, and letters that the usual
    font lacks come from another font of this machine that has them.
    """
    with mpl.rc_context({"savefig.dpi": DPI, **STYLE}):
        figure, axes = plt.subplots(**subplots)
        try:
            yield figure, axes
            _letter_by_letter(figure)
            # neither dates nor the library's version, which would change the bytes
            nothing = {"Date": None, "Creator": None} if Path(path).suffix == ".svg" else {"Software": None}
            with atomic(path) as partial:
                figure.savefig(partial, metadata=nothing)
        finally:
            plt.close(figure)


def _letter_by_letter(figure) -> None:
    """No formulas but matplotlib's own labels of logarithmic axes, and fonts for all letters."""
    own = {label for axis in _numeric_axes(figure) for label in axis.get_ticklabels(which="both")}
    for text in figure.findobj(Text):
        if text not in own:
            text.set_parse_math(False)
            more = fonts_for(text.get_text())[0]
            if more:
                text.set_fontfamily([STYLE["font.family"], *more])


def _numeric_axes(figure) -> list:
    axes = [axis for each in figure.axes for axis in (each.xaxis, each.yaxis)]
    return [axis for axis in axes if isinstance(axis.get_major_formatter(), LogFormatter)]


def fonts_for(text: str) -> tuple[list[str], str]:
    """Families of this machine that draw what the usual font lacks of a text, and the letters that none of them has."""
    missing = lacking(text)
    found: list[str] = []
    for family, letters in _other_fonts() if missing else ():
        if missing & letters:
            found.append(family)
            missing = missing - letters
        if not missing:
            break
    return found, "".join(sorted(missing))


def lacking(text: str) -> set[str]:
    """The letters of a text that the usual font does not have."""
    if text.isascii():
        return set()
    return {letter for letter in text if not letter.isspace() and ord(letter) not in _usual_letters()}


@cache
def _usual_letters() -> frozenset[int]:
    return frozenset(get_font(font_manager.findfont(str(STYLE["font.family"]))).get_charmap())


@cache
def _other_fonts() -> list[tuple[str, frozenset[str]]]:
    """(family, its letters) of every font of this machine, by name, so that the choice is always the same."""
    entries = {
        entry.name: entry.fname for entry in reversed(font_manager.fontManager.ttflist) if entry.style == "normal"
    }
    found = []
    for family, path in sorted(entries.items()):
        try:
            found.append((family, frozenset(map(chr, get_font(path).get_charmap()))))
        except (OSError, RuntimeError):  # a font that is listed and cannot be read draws nothing
            continue
    return found
