"""Metric by coverage: how each system does as the hole grows."""

import math
from pathlib import Path

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import Figure
from lacuna.reporting.titles import REGIONS, UNTRAINED_MARK, UNTRAINED_NOTE, check_known, titles
from lacuna.sources import SHARED, UNTRAINED

CROWD = 8  # systems, beyond which bars are drawn thin


def _of_source(scores, source: str, prediction: str, region: str):
    return scores[
        scores["source"].isin({source, *SHARED}) & (scores["prediction"] == prediction) & (scores["region"] == region)
    ]


def by_bin(scores, *names: str, within: tuple[float, float] = (-math.inf, math.inf)):
    """Columns `system`, `bin`, `mean`, `low`, `high` of the scores of one metric with this range and a column `bin`."""
    import pandas as pd

    from lacuna.reporting.bootstrap import intervals

    rows = []
    for (system, label), some in scores.groupby(["system", "bin"]):
        values = some.sort_values(["test_set", "image", "mask"])
        photographs = values["photograph"].to_numpy()
        ends = intervals(values[["value"]].to_numpy(), *names, label, photographs=photographs, within=within)
        rows.append((system, label, values["value"].mean(), *(end.item() for end in ends)))
    return pd.DataFrame(rows, columns=["system", "bin", "mean", "low", "high"])


def draw_coverage(settings: dict, scores, output: str | Path) -> None:
    """Write the figure as PNG: columns are metrics, rows are sources and regions, points means over all test sets.

    `scores`: see `aggregation.with_photographs`.
    `settings`: titles, `metrics` and, if not the default, `prediction`: `composite` or `raw`. Bars are 95 % intervals
    of the mean, by bootstrap over photographs.
    """
    import numpy as np

    from lacuna.reporting.aggregation import bin_title, bins_of
    from lacuna.reporting.style import looks, written_to

    systems, sources = titles(settings["systems"]), titles(settings["sources"]) or {UNTRAINED: ""}
    check_known(scores["system"], systems, "system")
    prediction = settings.get("prediction", "composite")
    scores = scores.assign(bin=bins_of(scores["coverage"]))
    bins = sorted(set(scores["bin"]))
    rows = [(source, region) for source in sources for region in ("image", "hole")]
    metrics = settings["metrics"]
    marks = dict.fromkeys(set(scores.loc[scores["source"].isin(SHARED), "system"]), UNTRAINED_MARK)
    names = {name: f"{title} {marks.get(name, '')}".strip() for name, title in systems.items()}
    look = looks(names.values())

    size = (3.1 * len(metrics), 2.75 * len(rows) + 0.7)
    shape = {"nrows": len(rows), "ncols": len(metrics), "figsize": size, "squeeze": False, "layout": "constrained"}
    with written_to(output, **shape) as (figure, axes):
        figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
        for line, (axis_row, (source, region)) in enumerate(zip(axes, rows, strict=True)):
            mine = _of_source(scores, source, prediction, region)
            thin = 1.3 if len(systems) <= CROWD else 0.6
            shown = [name for name in systems if name in set(mine["system"])]
            for axis, metric in zip(axis_row, metrics, strict=True):
                table = by_bin(mine[mine["metric"] == metric], prediction, region, within=metric_by_name(metric).range)
                width = min(0.8, 0.14 * (len(shown) - 1))
                for place, system in enumerate(shown):
                    points = table[table["system"] == system].to_dict("list")
                    offset = (place / max(1, len(shown) - 1) - 0.5) * width
                    x = [bins.index(label) + offset for label in points["bin"]]
                    bars = np.abs(np.array([points["low"], points["high"]]) - points["mean"])
                    axis.errorbar(
                        x, points["mean"], bars, markersize=4, linewidth=1.3, elinewidth=thin, **look[names[system]]
                    )
                axis.set(xlabel="", ylabel=metric_by_name(metric).label)
                axis.set_title(f"{sources[source]}: {prediction}, {REGIONS[region]}".removeprefix(": "), fontsize=9)
                axis.set_xticks(range(len(bins)), [bin_title(name).removesuffix(" %") for name in bins], fontsize=8)
                if line == len(rows) - 1:
                    axis.set_xlabel("coverage (% of the image)")
        handles = [
            axes[0, 0].plot([], [], color=look[name]["color"], marker=look[name]["marker"], label=name)[0]
            for name in names.values()
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=min(6, len(handles)))
        figure.supxlabel(_numbers(scores, bins), fontsize=8.5, color="#444444")


def _numbers(scores, bins: list[str]) -> str:
    """How many images, of how many photographs, stand behind each point of a system."""
    from lacuna.reporting.aggregation import bin_title

    images = scores.drop_duplicates(["test_set", "image", "mask"]).groupby("bin")["photograph"].agg(["size", "nunique"])
    counts = (f"{bin_title(name)}: {images['size'][name]} of {images['nunique'][name]}" for name in bins)
    return "N images of so many photographs behind each point: " + ", ".join(counts)


def draw(run, path, _="") -> None:
    """The figure of the run; see `draw_coverage`."""
    draw_coverage(run.settings, run.scores, path)


FIGURE = Figure(
    title="metric by coverage",
    section="coverage",
    caption="How each system does as the hole grows: composites, whole image and hole only, all test sets together, "
    "one row of panels for each training source and region. Points are means; bars are 95 % intervals of the mean "
    "(bootstrap over photographs). N stands under the axes. ↑ higher is better, ↓ lower is better. " + UNTRAINED_NOTE,
    alt="Line plots of every metric against mask coverage.",
    inputs=("scores",),
    draw=draw,
)
