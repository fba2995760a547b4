"""What captions say where a run has several mask sets, sizes, trainings or samples."""

from collections.abc import Mapping
from typing import Any

from lacuna.reporting.descriptions import APART, AVERAGED, DRAWN, FIRST
from lacuna.reporting.display import sentences

AXES = {"train_masks": "trained with the masks", "test_masks": "tested with the masks", "image_size": "images of"}
COLUMNS = {
    "train_masks": "the mask set that the network was trained with; empty for what is not trained here",
    "test_masks": "the mask set over the test images",
    "image_size": "width and height of the images in pixels, one number for squares",
}


def varied(settings: Mapping[str, Any]) -> list[str]:
    """The axes of masks and sizes on which a run has more than one value; settings: of a run or a plan's titles."""
    axes = settings.get("axes") or {}
    return [name for name in AXES if len(axes.get(name, [])) > 1]


def repeats(settings: Mapping[str, Any]) -> int:
    """How many trainings each trained system has."""
    return int((settings.get("axes") or {}).get("repeats", 1))


def samples(settings: Mapping[str, Any]) -> int:
    """How many samples each system that draws has predicted of an image."""
    return int((settings.get("axes") or {}).get("samples", 1))


def cell_of(values: Mapping[str, object]) -> str:
    """Values of conditions in words: `trained with the masks strokes, tested with the masks boxes, images of 64×64`."""
    words = []
    for name, before in AXES.items():
        if name in values:
            text = str(values[name])
            words.append(f"{before} {size_text(text) if name == 'image_size' else text}")
    return ", ".join(words)


def size_text(size: str) -> str:
    """`64` as `64×64`, `96x64` as `96×64`."""
    return size.replace("x", "×") if "x" in size else f"{size}×{size}"


def about(cells: str, settings: Mapping[str, Any]) -> str:
    """Sentences for a caption; empty in a run without axes. cells: see `descriptions.Description`."""
    if not cells:
        return ""
    selection = settings.get("selection") or {}
    of = {name: selection[name] for name in varied(settings) if name in selection}
    shown = f"Selected of several mask sets and sizes: {cell_of(of)}." if of and cells != APART else ""
    trainings, drawn = repeats(settings), samples(settings)
    if cells == FIRST:
        first = [name for name, number in (("training", trainings), ("sample", drawn)) if number > 1]
        return sentences(shown, f"Of each system the first {' and the first '.join(first)}." if first else "")
    over = [f"{trainings} trainings from different seeds (systems trained here)"] * (trainings > 1)
    over += [f"{drawn} samples (systems that draw)"] * (drawn > 1)
    means = f"Scores are means over {' and over '.join(over)}." if over else ""
    intervals = ""
    if trainings > 1 and cells == DRAWN:
        intervals = (
            "Intervals are over trainings as well as photographs, and so are verdicts on differences: where an "
            "interval holds 0, other seeds or photographs might turn the difference, and none is shown. A p alone is "
            "about photographs, for these very trainings."
        )
    if trainings > 1 and cells == AVERAGED:
        intervals = "Intervals, where given, are over photographs, for these very trainings."
    return sentences(shown, means, intervals)


def columns_of(cells: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Columns of conditions that a table of every cell has in this run, with their meaning."""
    return {name: COLUMNS[name] for name in varied(settings)} if cells == APART else {}
