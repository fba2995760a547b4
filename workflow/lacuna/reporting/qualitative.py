"""The seeds' qualitative grids: input, every system, ground truth; rows for each source and chosen image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lacuna.data.compositing import composite
from lacuna.data.images import read_image_bytes, read_mask_bytes
from lacuna.errors import LacunaError
from lacuna.metrics.scoring import paired_files
from lacuna.reporting.aggregation import UNTRAINED
from lacuna.reporting.style import HOLE, written_to
from lacuna.reporting.titles import UNTRAINED_MARK, check_known, titles


def identity(index_path: str | Path) -> tuple[str, str]:
    """(system, source) of `predictions/<system>/<source>/<test_set>/index.csv`."""
    parents = Path(index_path).absolute().parents
    return parents[2].name, parents[1].name


def chosen_positions(coverages: Sequence[float], count: int) -> list[int]:
    """Positions of `count` images spread evenly over the order of coverage: small, middle and large holes.

    Nobody's eye takes part in the choice, and no system's result does.
    """
    order = sorted(range(len(coverages)), key=lambda position: (coverages[position], position))
    count = min(count, len(order))
    return [order[int((rank + 0.5) * len(order) / count)] for rank in range(count)]


def draw_grid(settings: dict, list_path: str | Path, index_paths: Sequence[str | Path], output: str | Path) -> None:
    """Write the grid of one test set as PNG.

    `settings`: `{run, test_set, title, systems, sources, images: how many}` and, if not the default, `prediction`:
    `composite` or `raw`. `index_paths` lie at `predictions/<system>/<source>/<test_set>/index.csv`.
    """
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    files = {identity(path): paired_files(list_path, path) for path in sorted(map(str, index_paths))}
    if not files:
        raise LacunaError(
            f"there are no predictions of '{settings['test_set']}' to draw; run the rule 'predict' first."
        )
    check_known({system for system, _ in files}, systems, "system")
    check_known({source for _, source in files} - {UNTRAINED}, sources, "source")
    pairs = next(iter(files.values()))
    masks = [read_mask_bytes(mask)[0] for _, mask, _ in pairs]
    positions = chosen_positions([float(mask.mean()) for mask in masks], settings["images"])
    rows = [(source, at) for source in sources or {UNTRAINED: ""} for at in positions]
    shown = [name for name in systems if any(name == system for system, _ in files)]

    height, width = masks[0].shape
    cell = (1.55 * max(1.0, width / height), 1.55 * max(1.0, height / width))
    columns = len(shown) + 2
    size = (columns * cell[0] + 0.75, len(rows) * cell[1] + 0.55)
    with written_to(output, nrows=len(rows), ncols=columns, figsize=size, squeeze=False) as (figure, axes):
        margins = {"left": 0.72 / size[0], "right": 1 - 0.03 / size[0], "bottom": 0.03 / size[1]}
        figure.subplots_adjust(**margins, top=1 - 0.52 / size[1], wspace=0.03, hspace=0.03)
        for row, (source, at) in zip(axes, rows, strict=True):
            truth, mask = _read(pairs[at][0]), masks[at][..., None]
            pictures = [composite(np.uint8(HOLE), truth, mask)]
            for system in shown:
                pictures.append(_prediction(files, system, source, at, truth, mask, settings))
            for axis, picture in zip(row, [*pictures, truth], strict=True):
                axis.set_axis_off()
                if picture is not None:
                    axis.imshow(picture, interpolation="nearest", aspect="equal")
            row[0].text(-0.06, 0.5, f"{masks[at].mean():.0%} hole", **_beside(row[0], size=8.5))
        marks = {name: f" {UNTRAINED_MARK}" * ((name, UNTRAINED) in files) for name in shown}
        heads = ["Input", *(f"{systems[name]}{marks[name]}" for name in shown), "Ground truth"]
        for axis, head in zip(axes[0], heads, strict=True):
            axis.set_title(head.replace(" (", "\n("), fontsize=9.5, pad=4)
        for number, title in enumerate(sources.values()):
            middle = number * len(positions) + len(positions) / 2
            y = (1 - 0.52 / size[1]) - middle * (1 - 0.55 / size[1]) / len(rows)
            figure.text(0.2 / size[0], y, title, rotation=90, ha="center", va="center", fontsize=11, weight="bold")


def _read(path: str | Path) -> np.ndarray:
    """uint8 H×W×3."""
    return read_image_bytes(path).transpose(1, 2, 0)


def _beside(axis, size: float) -> dict:
    """Keywords of a rotated label at the left edge of an axis."""
    return {"transform": axis.transAxes, "rotation": 90, "ha": "right", "va": "center", "fontsize": size}


def _prediction(files: dict, system: str, source: str, at: int, truth: np.ndarray, mask: np.ndarray, settings: dict):
    """The system's picture for this source, or its untrained one; None leaves the cell empty."""
    found = files.get((system, source)) or files.get((system, UNTRAINED))
    if found is None:
        return None
    raw = _read(found[at][2])
    if raw.shape != truth.shape:
        raise LacunaError(f"{found[at][2]} has another size than {found[at][0]}; run the rule 'predict' again.")
    return raw if settings.get("prediction", "composite") == "raw" else composite(raw, truth, mask)
