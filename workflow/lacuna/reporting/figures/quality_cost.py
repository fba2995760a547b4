"""Quality against cost: what a system's quality takes, and the systems that no other beats in both."""

import math
from collections.abc import Sequence
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import Figure
from lacuna.reporting.display import images_of
from lacuna.reporting.titles import REGIONS, UNTRAINED_MARK, UNTRAINED_NOTE, check_known, titles
from lacuna.sources import SHARED

SECONDS = "seconds per image, files read and written included"


def draw_cost(settings: dict, scores, records: Sequence[str | Path], output: str | Path) -> None:
    """Write the figure as PNG, a panel for each source, and the numbers behind it as CSV beside it.

    `scores`: see `aggregation.with_photographs`.
    `settings`: titles and `metrics`, of which the first is drawn. Rings mark the optimal systems; steps join them.
    Raises `LacunaError` where no system's cost is known.
    """
    from lacuna.reporting.aggregation import write_table
    from lacuna.reporting.quality_cost import PREDICTION, REGION, quality_and_cost, seconds_per_image
    from lacuna.reporting.statistics import sources_of
    from lacuna.reporting.style import looks, written_to

    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    metric = metric_by_name(settings["metrics"][0])
    check_known(scores["system"], systems, "system")
    table = quality_and_cost(scores, seconds_per_image(records), metric.name)
    if table.empty:
        raise LacunaError("no system was run here, so no cost is known; add a system that is not a folder of pictures")
    shared = set(scores.loc[scores["source"].isin(SHARED), "system"])
    names = {name: f"{title} {UNTRAINED_MARK if name in shared else ''}".strip() for name, title in systems.items()}
    look = looks(systems)
    panels = [name for name in sources if name in sources_of(scores)] or sources_of(scores)
    columns = min(4, 2 * len(panels))
    height = 3.9 + 0.2 * math.ceil(table["system"].nunique() / columns)
    shape = {"ncols": len(panels), "figsize": (4.9 * len(panels) + 0.3, height), "squeeze": False, "sharey": True}
    with written_to(output, **shape, layout="constrained") as (figure, axes):
        for axis, source in zip(axes[0], panels, strict=True):
            _draw(axis, table[table["source"] == source], look)
            title = f"{sources[source]}: " if source in sources else ""
            axis.set_title(f"{title}{PREDICTION}, {REGIONS[REGION]}", fontsize=9.5)
            axis.set_xlabel(SECONDS, fontsize=9)
        axes[0, 0].set_ylabel(metric.label)
        handles = [
            axes[0, 0].plot([], [], linestyle="", label=names[name], **look[name])[0]
            for name in systems
            if name in set(table["system"])
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=columns, fontsize=8.5)
        figure.supxlabel(_beneath(table, scores, names), fontsize=8.5, color="#444444")
    write_table(Path(output).with_suffix(".csv"), table)


def _draw(axis, panel, look: dict) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlim(panel["cost"].min() / 1.6, panel["cost"].max() * 1.6)  # one system alone has a width too
    axis.margins(y=0.1)
    best = panel[panel["optimal"]]
    axis.step(best["cost"], best["mean"], where="post", color="#999999", linewidth=1, zorder=1)
    for row in panel.itertuples():
        color = look[row.system]["color"]
        axis.plot([row.cost, row.cost], [row.low, row.high], color=color, linewidth=1.5, zorder=2)
        axis.plot(row.cost, row.mean, markersize=6, zorder=3, **look[row.system])
    axis.plot(best["cost"], best["mean"], linestyle="", marker="o", markersize=13, mfc="none", mec="#222222", zorder=4)


def _beneath(table, scores, names: dict[str, str]) -> str:
    """N, the devices, and who is missing."""
    text = images_of(table)
    devices = table.groupby("device")["system"].agg(lambda group: sorted(set(group), key=list(names).index))
    if len(devices) == 1:
        text += f"; device: {devices.index[0]}"
    else:
        text += "; " + "; ".join(f"{device}: {', '.join(names[name] for name in of)}" for device, of in devices.items())
    missing = [names[name] for name in names if name in set(scores["system"]) - set(table["system"])]
    return text + f"\nnot run here, so without a cost: {', '.join(missing)}" * bool(missing)


def draw(run, path, _="") -> None:
    """The figure of the run; see `draw_cost`."""
    draw_cost(run.settings, run.scores, run.files("prediction_records"), path)


FIGURE = Figure(
    title="quality against cost",
    section="cost",
    caption="What quality takes: {metric} of composites, hole only, the mean over the N test images of all test sets "
    "together with its 95 % interval (bootstrap over photographs), against the seconds that a prediction took after "
    "the first batch, with reading and writing of the files; N and the device stand under the axes. Rings: systems "
    "that no other beats in both. Times are of one run on whatever else the machine did, so small differences mean "
    "nothing. quality_cost.csv beside the figure has the numbers. " + UNTRAINED_NOTE,
    alt="{metric} against seconds per image for every system, by training source.",
    inputs=("scores", "predictions"),
    applies=lambda plan: bool(plan.labels(given=False) or plan.outside()),  # what given predictions cost, nobody knows
    draw=draw,
    also=(".csv",),
)
