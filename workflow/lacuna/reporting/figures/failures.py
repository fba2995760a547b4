"""The worst images of every system."""

from pathlib import Path

from lacuna.reporting.descriptions import FIRST, Figure
from lacuna.reporting.figures.examples import facts
from lacuna.reporting.titles import UNTRAINED_NOTE

ABREAST, MOST_DRAWN = 3, 6  # of a system


def draw_failures(settings: dict, scores, indices, output, lists=()) -> None:
    """Write the figure as PNG, and the list of all failures as CSV beside it.

    `settings`: titles and `metrics`, of which the first decides. `indices`: index.csv of the predictions. `lists`: as
    in `draw_examples`. Drawn are the first `MOST_DRAWN` of the worst 1 %; the CSV has all.
    """
    from lacuna.reporting.aggregation import write_table
    from lacuna.reporting.examples import checked, example, in_order, prediction_files, truths_in, worst
    from lacuna.reporting.strips import draw_strips

    metric, rows = checked(settings, scores)
    files, truths, shown = prediction_files(indices), truths_in(lists), []
    bad = worst(scores, metric.name, files)
    for system, source, label in in_order(rows, settings):
        some = bad[(bad["system"] == system) & (bad["source"] == source)].head(MOST_DRAWN)
        drawn = [example(row, f"{row.rank} of {row.n}", metric, files, truths) for row in some.itertuples()]
        shown += [(label, drawn[at : at + ABREAST]) for at in range(0, len(drawn), ABREAST)]
    draw_strips(shown, output, raw=True)
    write_table(Path(output).with_suffix(".csv"), bad)


def draw(run, path, _="") -> None:
    """The figure of the run; see `draw_failures`."""
    draw_failures(run.settings, run.firsts, run.files("predictions"), path, run.files("lists"))


FIGURE = Figure(
    title="failures",
    section="failures",
    caption="The worst 1 % (rounded up, at least 3) of every system's {n} test images, all test sets together, by "
    "{metric} of composites, hole only; 2 of 144 is the second worst of 144. At most "
    f"{MOST_DRAWN} of a system are drawn; failures.csv beside the figure lists all. Input with the hole in magenta, "
    "raw prediction, composite, ground truth. " + UNTRAINED_NOTE,
    alt="The worst images of every system, with their scores.",
    inputs=("scores", "predictions"),
    cells=FIRST,
    draw=draw,
    also=(".csv",),
    facts=facts,
)
