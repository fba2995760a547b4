"""What a system's quality takes, and the systems that no other beats in both: the numbers of `quality_cost`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lacuna.files import read_json
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.aggregation import predicted_by
from lacuna.reporting.bootstrap import intervals
from lacuna.reporting.statistics import PHOTOGRAPH, sources_of
from lacuna.sources import SHARED

PREDICTION, REGION = "composite", "hole"
COLUMNS = [
    *("source", "system", "metric", "prediction", "region", "mean", "low", "high", "n", "photographs"),
    *("cost", "device", "optimal"),
]


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
            total = totals.setdefault(predicted_by(path), [0.0, 0, set()])
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
    return ~np.any(as_good & ((costs[:, None] < costs) | (goods[:, None] > goods)), axis=0)


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
                within = metric_by_name(metric).range
                ends = intervals(values[:, None], PREDICTION, REGION, photographs=photographs, within=within)
                facts = (source, known.system, metric, PREDICTION, REGION, values.mean(), *(end[0] for end in ends))
                found.append((*facts, len(values), len(set(photographs)), known.cost, known.device))
        panel = pd.DataFrame(found, columns=COLUMNS[:-1])
        best = optimal(panel["cost"].to_numpy(), panel["mean"].to_numpy(), metric_by_name(metric).direction)
        rows.append(panel.assign(optimal=best).sort_values(["cost", "system"]))
    return pd.concat(rows, ignore_index=True)[COLUMNS]
