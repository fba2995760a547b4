"""What systems make of small, middling and large holes: a column for each bin of coverage."""

from lacuna.reporting.descriptions import FIRST, Figure
from lacuna.reporting.titles import UNTRAINED_NOTE


def chosen_in_bins(coverages: list[float]) -> dict[str, int]:
    """Bin → the position of its picture with the median coverage (the lower one of two); bins in rising order."""
    import numpy as np

    from lacuna.reporting.aggregation import bins_of

    labels = list(bins_of(np.array(coverages)))
    found = {}
    for label in sorted(set(labels)):
        inside = sorted((coverages[at], at) for at, each in enumerate(labels) if each == label)
        found[label] = inside[(len(inside) - 1) // 2][1]
    return found


def draw_columns(settings: dict, list_path, indices, output) -> None:
    """Write the figure of one test set as PNG. settings: titles. indices: index.csv of the predictions."""
    import textwrap

    import numpy as np

    from lacuna.data.compositing import composite_picture
    from lacuna.data.images import read_mask
    from lacuna.metrics.triples import read_triple
    from lacuna.reporting.aggregation import bin_title
    from lacuna.reporting.examples import completions
    from lacuna.reporting.style import HOLE, written_to

    filled = completions(settings, list_path, indices)
    holes = [read_mask(each[1]) for each in next(iter(filled.values()))]
    columns = chosen_in_bins([float(hole.mean()) for hole in holes])
    names = ["Hole", *filled, "Truth"]
    high, wide = holes[0].shape
    size = (1.1 + 1.7 * len(columns), 0.35 + 1.7 * min(2.0, high / wide) * len(names))
    shape = {"nrows": len(names), "ncols": len(columns), "figsize": size, "squeeze": False}
    with written_to(output, **shape) as (figure, axes):
        figure.subplots_adjust(
            left=1.1 / size[0], right=0.995, top=1 - 0.3 / size[1], bottom=0.01, wspace=0.03, hspace=0.03
        )
        for column, (label, at) in enumerate(columns.items()):
            triples = [read_triple(files[at]) for files in filled.values()]
            truth, hole, _, image = triples[0]
            hidden = composite_picture(np.array(HOLE, np.uint8), image, hole)
            composites = [composite_picture(each.prediction, image, hole) for each in triples]
            for axis, picture in zip(axes[:, column], [hidden, *composites, truth], strict=True):
                axis.set_axis_off()
                axis.imshow(picture, interpolation="auto", aspect="equal")
            axes[0, column].set_title(f"{bin_title(label)} hole", fontsize=9, pad=4)
        for axis, name in zip(axes[:, 0], names, strict=True):
            beside = {"transform": axis.transAxes, "ha": "right", "va": "center", "fontsize": 8}
            axis.text(-0.06, 0.5, textwrap.fill(name, 16), **beside)


def draw(run, path, test_set: str) -> None:
    """The figure of one test set of the run; see `draw_columns`."""
    draw_columns(run.settings, run.files_of("lists", test_set)[0], run.files_of("predictions", test_set), path)


def facts(run, test_set: str) -> dict[str, str]:
    """Of how many images those that are drawn were taken; the systems."""
    return {"n": f"N = {run.card('images', test_set)['n']}", "systems": ", ".join(run.systems.values())}


FIGURE = Figure(
    title="by bin",
    section="pictures",
    place=55,
    caption="{test_set}, whole images: a column for each bin of coverage, with that of its images ({n} in all) whose "
    "hole has the median size in the bin, whatever any system makes of it. Rows are the hole in magenta, the composite "
    "of every system, and the truth. " + UNTRAINED_NOTE,
    alt="Inpainting results on {test_set} by size of the hole: rows are input, {systems}, truth.",
    each="test_set",
    inputs=("predictions",),
    cells=FIRST,
    config=("figures",),
    applies=lambda plan: plan.config["figures"].get("columns") == "bins",
    draw=draw,
    facts=facts,
)
