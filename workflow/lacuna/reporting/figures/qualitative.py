"""The original comparison's qualitative grids: input, every system, ground truth; rows for each source and chosen "
"image."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.reporting.descriptions import FIRST, Figure
from lacuna.reporting.titles import UNTRAINED_MARK, UNTRAINED_NOTE, check_known, titles
from lacuna.sources import SHARED, UNTRAINED


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
    import numpy as np

    from lacuna.data.compositing import composite_picture
    from lacuna.data.images import read_mask
    from lacuna.metrics.triples import paired_files, truth_of
    from lacuna.reporting.aggregation import predicted_by
    from lacuna.reporting.style import HOLE, written_to

    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    files = {predicted_by(path): paired_files(list_path, path) for path in sorted(map(str, index_paths))}
    if not files:
        raise LacunaError(f"there are no predictions of '{settings['test_set']}' to draw; run the rule 'predict' first")
    check_known({system for system, _ in files}, systems, "system")
    check_known({source for _, source in files} - SHARED, sources, "source")
    pairs = next(iter(files.values()))
    holes = [read_mask(each[1]) for each in pairs]
    positions = chosen_positions([float(mask.mean()) for mask in holes], settings["images"])
    rows = [(source, at) for source in sources or {UNTRAINED: ""} for at in positions]
    shown = [name for name in systems if any(name == system for system, _ in files)]

    shared = {name for name, source in files if source in SHARED}
    marks = {name: f" {UNTRAINED_MARK}" * (name in shared) for name in shown}
    heads = ["Input", *(f"{systems[name]}{marks[name]}" for name in shown), "Ground truth"]
    heads = [textwrap.fill(head, 15) for head in heads]
    place = _Geometry(holes[0].shape, len(rows), len(heads), max(head.count("\n") + 1 for head in heads))
    with written_to(output, nrows=len(rows), ncols=place.columns, figsize=place.size, squeeze=False) as (figure, axes):
        figure.subplots_adjust(**place.margins, wspace=0.03, hspace=0.03)
        for row, (source, at) in zip(axes, rows, strict=True):
            image, truth, hole = _read(pairs[at][0]), _read(truth_of(pairs[at])), holes[at]
            pictures = [composite_picture(np.array(HOLE, np.uint8), image, hole)]
            for system in shown:
                pictures.append(_prediction(files, system, source, at, image, hole, settings))
            for axis, picture in zip(row, [*pictures, truth], strict=True):
                axis.set_axis_off()
                if picture is not None:
                    axis.imshow(picture, interpolation="auto", aspect="equal")
            beside = {"rotation": 90, "ha": "right", "va": "center", "fontsize": 8.5 * place.scale}
            row[0].text(-0.06, 0.5, f"{holes[at].mean():.0%} hole", transform=row[0].transAxes, **beside)
        for axis, head in zip(axes[0], heads, strict=True):
            axis.set_title(head, fontsize=9.5 * place.scale, pad=4)
        for number, title in enumerate(sources.values()):
            first, last = number * len(positions), (number + 1) * len(positions) - 1
            y = (axes[first, 0].get_position().y1 + axes[last, 0].get_position().y0) / 2
            font = {"fontsize": 11 * place.scale, "weight": "bold"}
            figure.text(0.03 * place.margins["left"] + 0.01, y, title, rotation=90, ha="left", va="center", **font)


class _Geometry:
    """Sizes in inches and margins as shares, such that no pixel of a small picture is lost and letters keep up."""

    def __init__(self, shape: tuple[int, int], rows: int, columns: int, title_lines: int):
        from lacuna.reporting.style import DPI

        height, width = shape
        side = min(2.0, max(1.55, max(shape) / DPI))
        cell = side * width / max(shape), side * height / max(shape)
        self.columns = columns
        self.scale = min(1.5, max(1.0, columns * cell[0] / 8.5))
        left, top, thin = 0.72 * self.scale, (0.16 * title_lines + 0.12) * self.scale, 0.03
        self.size = (columns * cell[0] + left + thin, rows * cell[1] + top + thin)
        self.margins = {
            "left": left / self.size[0],
            "right": 1 - thin / self.size[0],
            "bottom": thin / self.size[1],
            "top": 1 - top / self.size[1],
        }


def _read(path: str | Path):
    """uint8 H×W×3."""
    from lacuna.data.images import read_image

    return read_image(path)


def _prediction(files: dict, system: str, source: str, at: int, image, hole, settings: dict):
    """The system's picture for this source, or the one that stands beside every source; None leaves the cell empty."""
    from lacuna.data.compositing import composite_picture

    found = next((files[system, name] for name in (source, *sorted(SHARED)) if (system, name) in files), None)
    if found is None:
        return None
    raw = _read(found[at][2])
    if raw.shape != image.shape:
        raise LacunaError(f"{found[at][2]} has another size than {found[at][0]}; run the rule 'predict' again")
    return raw if settings.get("prediction", "composite") == "raw" else composite_picture(raw, image, hole)


def draw(run, path, test_set: str) -> None:
    """The grid of one test set of the run; see `draw_grid`."""
    settings = run.settings | {"test_set": test_set, "images": images_of(run.settings)}
    draw_grid(settings, run.files_of("lists", test_set)[0], run.files_of("predictions", test_set), path)


def images_of(settings: dict) -> int:
    """How many images of a test set are drawn."""
    return (settings["figures"] or {}).get("qualitative_images", 3)


def facts(run, test_set: str) -> dict[str, str]:
    """N of the images drawn, and of all."""
    images = run.card("images", test_set)["n"]
    return {"n": f"N = {min(images, images_of(run.settings))} of {images}", "systems": ", ".join(run.systems.values())}


FIGURE = Figure(
    title="qualitative",
    section="pictures",
    caption="{test_set}, {n} images, whole images: input with the hole in magenta, the composite of every system, and "
    "the ground truth. Rows are grouped by the source that systems learned from. The images are chosen by coverage "
    "alone, whatever any system makes of them: the middles of as many equal parts of the test set in the order of "
    "coverage. " + UNTRAINED_NOTE,
    alt="Grid of inpainting results on {test_set}: columns are input, {systems}, truth.",
    each="test_set",
    inputs=("predictions",),
    cells=FIRST,
    config=("figures",),
    draw=draw,
    facts=facts,
)
