"""Quality against cost: what a system's quality takes, and the systems that no other beats in both."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter

from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.metrics.per_image import named
from lacuna.reporting.aggregation import SHARED, read_scores, with_photographs, write_table
from lacuna.reporting.bootstrap import intervals
from lacuna.reporting.qualitative import identity
from lacuna.reporting.statistics import PHOTOGRAPH, sources_of
from lacuna.reporting.style import looks, written_to
from lacuna.reporting.tables import numbers_of
from lacuna.reporting.titles import REGIONS, UNTRAINED_MARK, check_known, titles

PREDICTION, REGION = "composite", "hole"
COLUMNS = [
    *("source", "system", "metric", "prediction", "region", "mean", "low", "high", "n", "photographs"),
    *("cost", "device", "optimal"),
]
SECONDS = "seconds per image, files read and written included"


def seconds_per_image(records: Sequence[str | Path]) -> pd.DataFrame:
    """What predicting took: columns `system`, `source` (of its training), `cost` in seconds per image, `device`.

    The first batch of a test set, in which kernels are chosen and memory is fetched, is left out where there are more.
    `records` lie at `predictions/<system>/<source>/<test_set>/record.json`; a system's test sets are taken together.
    Given predictions were not made here, cost nobody knows what, and have no row.
    """
    totals: dict[tuple[str, str], list] = {}
    for path in sorted(map(str, records)):
        record = read_json(path)
        if record["seconds"] > 0:
            total = totals.setdefault(identity(path), [0.0, 0, set()])
            first = record.get("first_batch") or {"seconds": 0.0, "n": 0}
            apart = first["n"] < record["n"]
            total[0] += record["seconds"] - apart * first["seconds"]
            total[1] += record["n"] - apart * first["n"]
            total[2].add(record["device"])
    rows = [(*key, seconds / n, ", ".join(sorted(on))) for key, (seconds, n, on) in sorted(totals.items())]
    return pd.DataFrame(rows, columns=["system", "source", "cost", "device"])


def optimal(costs: np.ndarray, means: np.ndarray, direction: str) -> np.ndarray:
    """Which points are Pareto-optimal: none is at least as cheap and as good, and cheaper or better. Bool, length N."""
    goods = np.asarray(means, float) * (1 if direction == "higher" else -1)
    costs = np.asarray(costs, float)
    as_good = (costs[:, None] <= costs) & (goods[:, None] >= goods)
    return ~(as_good & ((costs[:, None] < costs) | (goods[:, None] > goods))).any(axis=0)


def quality_and_cost(scores: pd.DataFrame, costs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Mean of a metric with its 95 % interval (bootstrap over photographs), cost, and whether the system is optimal.

    Columns `COLUMNS`, cheapest first within a source: composites in the hole, all test sets together. As everywhere,
    the systems that stand beside every source (`aggregation.SHARED`) are compared within each. Systems without a known
    cost are left out.
    """
    chosen = scores[
        (scores["prediction"] == PREDICTION) & (scores["region"] == REGION) & (scores["metric"] == metric)
    ].sort_values(["test_set", "image", "mask"])
    rows = []
    for source in sources_of(scores):
        found = []
        for known in costs[costs["source"].isin({source, *SHARED})].itertuples():
            of_system = (chosen["system"] == known.system) & (chosen["source"] == known.source)
            values, photographs = (chosen.loc[of_system, name].to_numpy() for name in ("value", PHOTOGRAPH))
            if len(values):
                within = named(metric).range
                ends = intervals(values[:, None], PREDICTION, REGION, photographs=photographs, within=within)
                facts = (source, known.system, metric, PREDICTION, REGION, values.mean(), *(end[0] for end in ends))
                found.append((*facts, len(values), len(set(photographs)), known.cost, known.device))
        panel = pd.DataFrame(found, columns=COLUMNS[:-1])
        best = optimal(panel["cost"].to_numpy(), panel["mean"].to_numpy(), named(metric).direction)
        rows.append(panel.assign(optimal=best).sort_values(["cost", "system"]))
    return pd.concat(rows, ignore_index=True)[COLUMNS]


def draw_cost(
    settings: dict, score_paths: Sequence[str | Path], records: Sequence[str | Path], output: str | Path
) -> None:
    """Write the figure as PNG, a panel for each source, and the numbers behind it as CSV beside it.

    `settings`: titles and `metrics`, of which the first is drawn. Rings mark the optimal systems; steps join them.
    Raises `LacunaError` where no system's cost is known.
    """
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    scores, metric = with_photographs(read_scores(score_paths)), named(settings["metrics"][0])
    check_known(scores["system"], systems, "system")
    table = quality_and_cost(scores, seconds_per_image(records), metric.name)
    if table.empty:
        raise LacunaError("no system was run here, so no cost is known; add a system that is not a folder of pictures.")
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


def _draw(axis, panel: pd.DataFrame, look: dict) -> None:
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


def _beneath(table: pd.DataFrame, scores: pd.DataFrame, names: dict[str, str]) -> str:
    """N, the devices, and who is missing."""
    text = f"N = {numbers_of(table['n'])} images of {numbers_of(table['photographs'])} photographs"
    devices = table.groupby("device")["system"].agg(lambda group: sorted(set(group), key=list(names).index))
    if len(devices) == 1:
        text += f"; device: {devices.index[0]}"
    else:
        text += "; " + "; ".join(f"{device}: {', '.join(map(names.get, of))}" for device, of in devices.items())
    missing = [names[name] for name in names if name in set(scores["system"]) - set(table["system"])]
    return text + f"\nnot run here, so without a cost: {', '.join(missing)}" * bool(missing)
