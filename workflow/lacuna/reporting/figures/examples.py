"""Best, median and worst image of every system, and one that all share."""

from lacuna.reporting.descriptions import FIRST, Figure
from lacuna.reporting.display import numbers_of
from lacuna.reporting.titles import UNTRAINED_NOTE


def draw_examples(settings: dict, scores, indices, output, lists=()) -> None:
    """Write the figure as PNG, a row for each system and source.

    `settings`: titles and `metrics`, of which the first decides. `indices`: index.csv of the predictions. `lists`:
    those of the test sets, which know truths that are other pictures. Shown are the best, median and worst image of
    each system, and the one of median coverage for all.
    """
    from lacuna.reporting.examples import checked, example, in_order, middling, prediction_files, truths_in
    from lacuna.reporting.strips import draw_strips

    metric, rows = checked(settings, scores)
    files, truths, fixed, shown = prediction_files(indices), truths_in(lists), middling(rows), []
    for system, source, label in in_order(rows, settings):
        mine = list(rows[(rows["system"] == system) & (rows["source"] == source)].itertuples())
        places = {"best": len(mine) - 1, "median": (len(mine) - 1) // 2, "worst": 0}
        chosen = [(mine[at], what) for what, at in places.items()]
        chosen += [(row, "fixed") for row in mine if (row.test_set, row.image, row.mask) == fixed]
        shown.append((label, [example(row, what, metric, files, truths) for row, what in chosen]))
    draw_strips(shown, output, raw=False)


def draw(run, path, _="") -> None:
    """The figure of the run; see `draw_examples`."""
    draw_examples(run.settings, run.firsts, run.files("predictions"), path, run.files("lists"))


def facts(run, _="") -> dict[str, str]:
    """N of the test images that the choice is made from, of every system."""
    from lacuna.reporting.examples import PREDICTION, REGION

    means = run.selected(run.table("quantitative"))
    chosen = means[(means["prediction"] == PREDICTION) & (means["region"] == REGION)]
    chosen = chosen[chosen["metric"] == run.metrics[0]]
    return {"n": f"N = {numbers_of(chosen.groupby(['system', 'source'])['n'].sum())}"}


FIGURE = Figure(
    title="best, median, worst",
    section="examples",
    caption="The best, the median and the worst test image of every system, all test sets together, by {metric} of "
    "composites, hole only; on the right one fixed image for all, that whose hole has the median size. {n} images to "
    "choose from. Input with the hole in magenta, composite, ground truth; the score and the size of the hole stand "
    "underneath. " + UNTRAINED_NOTE,
    alt="Best, median, worst and a fixed image of every system.",
    inputs=("scores", "predictions"),
    cells=FIRST,
    draw=draw,
    facts=facts,
)
