"""Masks of every set, from every bin of coverage."""

from collections.abc import Sequence
from pathlib import Path

from lacuna.axes import base_of
from lacuna.reporting.descriptions import Figure

MOST_DRAWN = 8  # of a set
_SIDE, _LEFT, _BELOW = 0.95, 1.5, 0.2  # inches of a mask; room for words, in sides of a mask


def chosen_rows(rows: Sequence[dict]) -> list[dict]:
    """Of a set's index the first mask of each bin, bins ascending; of a set of one bin its first masks.

    Of more than `MOST_DRAWN` bins some are left out, evenly.
    """
    by_bin: dict[str, list[dict]] = {}
    for row in rows:
        by_bin.setdefault(row["bin"], []).append(row)
    ordered = sorted(by_bin.values(), key=lambda some: float(some[0]["bin"].split("-")[0]))
    found = [some[0] for some in ordered] if len(ordered) > 1 else ordered[0]
    count = min(len(found), MOST_DRAWN)
    if len(ordered) == 1:
        return found[:count]
    return [found[i * (len(found) - 1) // max(1, count - 1)] for i in range(count)]


def draw_masks(indexes: Sequence[str | Path], output: str | Path) -> None:
    """Write the sheet as PNG: a row for each set, called by its folder; its masks lie beside its `index.csv`.

    Errors: a `LacunaError` for an index or a mask that cannot be read.
    """
    import numpy as np

    from lacuna.data.images import read_mask
    from lacuna.data.indexes import read_index
    from lacuna.reporting.style import written_to

    shown = []
    for index in indexes:
        rows = chosen_rows(read_index(index, "file", "coverage", "bin"))
        shown.append(
            (base_of(Path(index).parent.name), rows, [read_mask(Path(index).with_name(row["file"])) for row in rows])
        )
    tall = max(mask.shape[0] / max(mask.shape) for _, _, masks in shown for mask in masks)
    width, height = _LEFT + max(len(rows) for _, rows, _ in shown), len(shown) * (tall + _BELOW)
    with written_to(output, figsize=(width * _SIDE, height * _SIDE)) as (figure, axis):
        figure.subplots_adjust(left=0, right=1, bottom=0, top=1)
        axis.set_axis_off()
        for line, (name, rows, masks) in enumerate(shown):
            top = line * (tall + _BELOW) + 0.04
            axis.text(_LEFT - 0.08, top + tall / 2, name, ha="right", va="center", fontsize=7.5)
            for place, (row, mask) in enumerate(zip(rows, masks, strict=True)):
                across, down = (side / max(mask.shape) * 0.94 for side in mask.shape[::-1])
                left, above = _LEFT + place + (1 - across) / 2, top + (tall - down) / 2
                grey = np.where(mask, 255, 60).astype(np.uint8)
                extent = (left, left + across, above + down, above)
                axis.imshow(grey, cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto", interpolation="auto")
                axis.plot(*_frame(extent), color="#3c3c3c", linewidth=0.6)  # else holes at the border have no end
                share = f"{float(row['coverage']):.1%}"
                axis.text(_LEFT + place + 0.5, top + tall, share, ha="center", va="top", fontsize=7)
        axis.set(xlim=(0, width), ylim=(height, 0))


def _frame(extent: tuple[float, float, float, float]) -> tuple[list[float], list[float]]:
    left, right, bottom, top = extent
    return [left, right, right, left, left], [top, top, bottom, bottom, top]


def draw(run, path, _="") -> None:
    """The sheet of the run; see `draw_masks`."""
    draw_masks(run.files("masks"), path)


def facts(run, _="") -> dict[str, str]:
    """The numbers of masks of all sets."""
    return {"n": "N = " + ", ".join(f"{card['n']} in {card['name']}" for card in run.mask_cards())}


FIGURE = Figure(
    title="masks",
    section="data",
    caption="Masks of every set ({n}), whole, the hole in white, with the part of the image that is hole. Drawn is the "
    f"first mask of each bin of coverage, of at most {MOST_DRAWN} bins; of a set of one bin its first masks. No "
    "system's raw prediction or composite takes part in the choice.",
    alt="Rows of masks, one row for each mask set, with their coverage.",
    inputs=("masks",),
    draw=draw,
    demonstration="",
    facts=facts,
)
