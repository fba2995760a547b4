"""Error against the largest circle in the hole."""

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import Figure
from lacuna.reporting.titles import UNTRAINED_MARK, UNTRAINED_NOTE, check_known, titles
from lacuna.sources import SHARED, UNTRAINED

PARTS = 5  # of the images, by the circle, as many in each


def draw_circles(settings: dict, scores, holes, output) -> None:
    """Write the figure as PNG: one panel a training source; small points are images, large ones means of fifths.

    `scores`: see `aggregation.with_photographs`. `holes`: see `difficulty.read_holes`.
    """
    import numpy as np
    import pandas as pd

    from lacuna.reporting.difficulty import errors
    from lacuna.reporting.figures.metric_by_coverage import by_bin
    from lacuna.reporting.style import looks, written_to

    systems, sources = titles(settings["systems"]), titles(settings["sources"]) or {UNTRAINED: ""}
    check_known(scores["system"], systems, "system")
    metric = metric_by_name(settings["metrics"][0])
    rows = errors(scores, holes, metric.name)
    edges = np.unique(np.quantile(rows["circle"], np.linspace(0, 1, PARTS + 1)))
    if len(edges) > 1:
        rows = rows.assign(bin=pd.cut(rows["circle"], edges, labels=False, include_lowest=True))
    else:
        rows = rows.assign(bin=0)
    untrained = set(rows.loc[rows["source"].isin(SHARED), "system"])
    names = {name: f"{title} {UNTRAINED_MARK}" if name in untrained else title for name, title in systems.items()}
    look = looks(names.values())
    shape = {"ncols": len(sources), "figsize": (4.6 * len(sources) + 0.4, 4.4), "squeeze": False}
    with written_to(output, **shape, sharey=True, layout="constrained") as (figure, axes):
        for axis, (source, title) in zip(axes[0], sources.items(), strict=True):
            mine = rows[rows["source"].isin({source, *SHARED})]
            centres = mine.groupby("bin")["circle"].mean()
            table = by_bin(mine, "circle", within=metric.range)
            for system, name in names.items():
                own, points = mine[mine["system"] == system], table[table["system"] == system].sort_values("bin")
                axis.plot(own["circle"], own["value"], ".", markersize=2, alpha=0.35, color=look[name]["color"])
                bars = np.abs(points[["low", "high"]].to_numpy().T - points["mean"].to_numpy())
                axis.errorbar(
                    centres[points["bin"]], points["mean"], bars, markersize=5, linewidth=1.3, label=name, **look[name]
                )
            axis.set_title(f"Trained on {title}" if title else "", fontsize=9)
            axis.set_xlabel("radius of the largest circle (share of the shorter side)")
        axes[0, 0].set_ylabel(f"{metric.label}, hole only")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=min(6, len(handles)))


def draw(run, path, _="") -> None:
    """The figure of the run; see `draw_circles`."""
    draw_circles(run.settings, run.scores, run.holes, path)


FIGURE = Figure(
    title="error by largest circle",
    section="failures",
    place=70,
    caption="{metric} of composites, hole only, against the radius of the largest circle in the hole that holds no "
    "known pixel. Small points are the N test images, large ones means of a fifth of the images each, with 95 % "
    "intervals (bootstrap over photographs). " + UNTRAINED_NOTE,
    alt="The first metric in the hole against the largest circle in it, with a line for each system.",
    inputs=("scores", "holes"),
    draw=draw,
)
