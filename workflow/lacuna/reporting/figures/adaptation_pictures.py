"""Pictures that adapting improves most, about as the median, least, and not: figures 4.16 to 4.19 of the thesis."""

from pathlib import Path

from lacuna.reporting.adaptation.display import (
    CONFIG,
    chosen_words,
    is_adapting,
    job_title,
    jobs_in_order,
    metric_of,
    percent_format,
    rows_of_job,
)
from lacuna.reporting.adaptation.experiments import reported, settled
from lacuna.reporting.adaptation.kinds import EXAMPLES
from lacuna.reporting.descriptions import Figure

REGION = "hole"
ROWS = 12  # of pictures in one figure, as far as one of each network and test set allows
MOST = 4  # of each network and test set
HEADS = ("masked picture", "before adapting", "adapted", "original")
RED = "#e00000"


def draw(run, path, kind: str) -> None:
    """The pictures of one kind."""
    from lacuna.reporting.adaptation.pictures import per_picture

    chosen = settled(run.adaptation, run.settings, metric_of(run.metrics[0]))
    rows = reported(run.adaptation_rows, run.settings)
    taken = [chosen[key][0] for key in zip(rows["system"], rows["source"], strict=True)]
    table = per_picture(rows[rows["experiment"] == taken], run.metrics[0], REGION)
    draw_pictures(path, table, _files(run.files("adapted")), _files(run.files("unadapted")), run.settings, kind)


def _files(indices) -> dict[tuple[str, str, str], dict[str, tuple[str, str, Path]]]:
    """(system or contestant, source, test set) → file name of the image → paths of image, mask and prediction."""
    from lacuna.data.indexes import read_index

    found = {}
    for index in map(Path, indices):
        rows = read_index(index, "file", "image", "mask")
        of = {Path(row["image"]).name: (row["image"], row["mask"], index.parent / row["file"]) for row in rows}
        contestant, source, test_set, _ = index.absolute().parts[-4:]
        found[contestant, source, test_set] = of
    return found


def draw_pictures(path, table, adapted: dict, unadapted: dict, settings: dict, kind: str) -> None:
    """Write the figure as PNG: a row a picture. table: of `pictures.per_picture`; the files as of `_files`."""
    import textwrap

    from lacuna.adaptation.naming import contestant
    from lacuna.reporting.adaptation.pictures import examples_of
    from lacuna.reporting.style import written_to

    jobs, shown = jobs_in_order(table, settings), []
    number = max(1, min(MOST, ROWS // max(1, len(jobs))))
    for key in jobs:
        mine = rows_of_job(table, key)
        for row in examples_of(mine, kind, number).itertuples():
            after = adapted[contestant(row.system, row.experiment), row.source, row.test_set][row.image]
            shown.append((job_title(key, settings), row, unadapted[key][row.image], after))
    metric = metric_of(settings["metrics"][0])
    if not shown:
        with written_to(path, figsize=(6, 0.8)) as (_, axis):
            axis.set_axis_off()
            axis.text(0.5, 0.5, f"No picture: {_missing(kind)}.", ha="center", va="center", transform=axis.transAxes)
        return
    height = max(1.35, 1.9 * _shape(shown[0][2][0]))
    size = (1.9 * len(HEADS) + 1.7, (height + 0.12) * len(shown) + 0.4)
    shape = {"nrows": len(shown), "ncols": len(HEADS), "figsize": size, "squeeze": False}
    with written_to(path, **shape) as (figure, axes):
        figure.subplots_adjust(
            left=1.7 / size[0], right=0.995, top=1 - 0.3 / size[1], bottom=0.01, wspace=0.04, hspace=0.06
        )
        for line, (title, row, before, after) in zip(axes, shown, strict=True):
            pictures, boxes = _pictures(before, after)
            for axis, picture in zip(line, pictures, strict=True):
                axis.set_axis_off()
                axis.imshow(picture, interpolation="auto", aspect="equal")
            for box in boxes:
                for axis in line[1:3]:
                    _frame(axis, box)
            gained, unit = row.improvement_percent, f" {metric.unit}" * bool(metric.unit)
            scores = f"{metric.title} {row.before:.{metric.decimals}f} → {row.after:.{metric.decimals}f}{unit}"
            said = f"{textwrap.fill(title, 24)}\n{scores}\n{gained:+{percent_format(gained)}} %"
            line[0].text(-0.05, 0.5, said, transform=line[0].transAxes, ha="right", va="center", fontsize=7)
        for axis, head in zip(axes[0], HEADS, strict=True):
            axis.set_title(head, fontsize=9, pad=4)


def _missing(kind: str) -> str:
    return "none improves" if kind == "best" else "none gets worse" if kind == "worst" else "every one improves"


def _shape(image: str) -> float:
    """Height over width."""
    from PIL import Image

    with Image.open(image) as picture:
        return picture.height / picture.width


def _pictures(before: tuple, after: tuple) -> tuple[list, list]:
    """Masked picture, composites before and after, truth; and the boxes where the error falls most."""
    import numpy as np

    from lacuna.data.compositing import composite_picture
    from lacuna.metrics.triples import read_triple
    from lacuna.reporting.adaptation.pictures import improved_boxes
    from lacuna.reporting.style import HOLE

    truth, mask, raw, _ = read_triple(before)
    old, new = composite_picture(raw, truth, mask), composite_picture(read_triple(after)[2], truth, mask)
    return [composite_picture(np.array(HOLE, np.uint8), truth, mask), old, new, truth], improved_boxes(old, new, truth)


def _frame(axis, box: tuple[int, int, int, int]) -> None:
    from matplotlib.patches import Rectangle

    left, top, width, height = box
    axis.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=RED, linewidth=1.3))


def facts(run, _="") -> dict[str, str]:
    """N of the pictures to choose from, and how the experiment was settled on."""
    from lacuna.reporting.display import numbers_of

    table = run.table("adaptation")
    chosen = settled(table, run.settings, metric_of(run.metrics[0]))
    return {"n": f"N = {numbers_of(reported(table, run.settings)['n'])}", "chosen": chosen_words(chosen)}


def words(kind: str) -> dict[str, str]:
    """Which pictures they are."""
    return {"kind": EXAMPLES[kind], "chosen": "the experiment settled on"}


FIGURE = Figure(
    title="pictures before and after adapting",
    section="adaptation",
    place=70,
    caption="{kind}, of {n} of each network and test set, by {metric} of composites, hole only, chosen by rule "
    "({chosen}; "
    f"after figures 4.16 to 4.19 of the thesis); at most {MOST} each. Masked picture, composites before and after "
    "adapting, original; red frames, the same in both, stand where the error falls most, if it falls by a tenth.",
    alt="Masked pictures, predictions before and after adapting, and originals: {kind}.",
    inputs=("adaptation_features", "adaptation_pictures", "adaptation_rows"),
    config=CONFIG,
    each="example",
    path="figures/adaptation_pictures_{value}.png",
    applies=is_adapting,
    draw=draw,
    facts=facts,
    words=words,
)
