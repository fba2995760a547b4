"""Best of N samples by the truth, against N."""

from pathlib import Path

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import DRAWN, Figure
from lacuna.reporting.titles import REGIONS, UNTRAINED_NOTE, label_of, titles

BLOCK = ("composite", "hole")


def draw_best(settings: dict, table, output: str | Path) -> None:
    """Write the curves as PNG, one panel a metric: composites in the hole, one curve a system and source.

    table: of `best_of.best_of`. settings: titles and `metrics`. Without a system that draws the panels say so.
    """
    from lacuna.reporting.style import looks, written_to

    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    chosen = table[(table["prediction"] == BLOCK[0]) & (table["region"] == BLOCK[1])]
    keys = list(dict.fromkeys(zip(chosen["system"], chosen["source"], strict=True)))
    names = {key: label_of(systems[key[0]], key[1], sources) for key in keys}
    look = looks(names.values())
    metrics = settings["metrics"]
    shape = {"ncols": len(metrics), "figsize": (3.2 * len(metrics), 3.4), "squeeze": False, "layout": "constrained"}
    with written_to(output, **shape) as (figure, axes):
        for axis, metric in zip(axes[0], metrics, strict=True):
            mine = chosen[chosen["metric"] == metric]
            if mine.empty:
                axis.set(xticks=[], yticks=[])
                axis.text(0.5, 0.5, "no system\nhas several samples", ha="center", va="center", fontsize=9)
            for key, points in mine.groupby(["system", "source"], sort=True):
                points = points.sort_values("best_of")
                one = look[names[key]]
                axis.plot(points["best_of"], points["mean"], markersize=4, linewidth=1.3, **one)
                axis.fill_between(points["best_of"], points["low"], points["high"], color=one["color"], alpha=0.12)
            if len(mine):
                axis.set_xticks(range(1, int(mine["best_of"].max()) + 1, 1 + int(mine["best_of"].max()) // 10))
            axis.set(xlabel="best of N samples, by the truth", ylabel=metric_by_name(metric).label)
            axis.set_title(f"{BLOCK[0]}, {REGIONS[BLOCK[1]]}", fontsize=9)
        handles = [axes[0, 0].plot([], [], label=name, **look[name])[0] for name in names.values()]
        if handles:
            figure.legend(handles=handles, loc="outside upper center", ncols=min(4, len(handles)))


def draw(run, path, _="") -> None:
    """The figure of the run; see `draw_best`."""
    from lacuna.reporting.best_of import best_of

    draw_best(run.settings, best_of(run.replicates), path)


def facts(run, _="") -> dict[str, str]:
    """N of the images behind the curves."""
    from lacuna.reporting.display import images_of

    table = run.table("best_of_n")
    if table.empty:
        return {"n": "N = 0"}
    return {"n": images_of(table)}


FIGURE = Figure(
    title="best of N samples by the truth",
    section="sampling",
    place=20,
    caption="This is not a score, and no rank uses it. Expected best of N samples of one image, chosen by the truth, "
    "which nobody has who needs a completion; exact, drawn without replacement from the samples that there are. At 1 "
    "it is the mean over samples, which is what all tables show. Whatever varies gets better with N, so that a best of "
    "many does not compare with another system's single prediction. Composites, hole only, means over the images of "
    "all test sets together ({n}), with 95 % intervals shaded. " + UNTRAINED_NOTE,
    alt="Curves of every metric against the number of samples that the best is chosen from.",
    inputs=("scores",),
    cells=DRAWN,
    applies=lambda plan: plan.samples > 1 and bool(plan.drawing()),
    draw=draw,
    facts=facts,
)
