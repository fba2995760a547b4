"""How far samples of a system lie apart, beside how good they are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.aggregation import rows_of, with_photographs
from lacuna.reporting.bootstrap import intervals
from lacuna.reporting.replicates import averaged, by_metric, of_trainings
from lacuna.reporting.statistics import IMAGE, PHOTOGRAPH

ROWS = ["source", "test_set", "system", "image", "mask", "samples", "value"]
QUALITY = ("composite", "hole")  # diversity is of the hole, and so is the quality beside it
COLUMNS = [
    *("system", "source", "samples", "diversity", "diversity_low", "diversity_high"),
    *("metric", "prediction", "region", "mean", "low", "high", "n", "photographs"),
]


def read_diversity(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Mean pairwise LPIPS of the samples in the hole, one row a system, image and mask, with a column `photograph`."""
    return with_photographs(rows_of(paths, ROWS, "diversity of samples", "diversity"))


def beside_quality(rows: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Diversity and the mean of every metric of each system that draws, on the same images: columns `COLUMNS`.

    rows: of `read_diversity`, scores: `run.replicates`, both of one cell. Intervals are over photographs and trainings.
    """
    found: list[tuple] = []
    quality = scores[(scores["prediction"] == QUALITY[0]) & (scores["region"] == QUALITY[1])]
    for (system, source), mine in rows.groupby(["system", "source"], sort=True):
        apart = mine.assign(metric="diversity")
        of = quality[(quality["system"] == system) & (quality["source"] == source)]
        columns = [name for name in (*IMAGE, PHOTOGRAPH, "repeat", "sample", "metric", "value") if name in of]
        together = pd.concat([apart[[name for name in columns if name in apart]], of[columns]], ignore_index=True)
        wide = averaged(together).pivot_table(index=[*IMAGE, PHOTOGRAPH], columns="metric", values="value")
        wide = wide[wide["diversity"].notna()].sort_index()
        trained = of_trainings(together, ["metric"], wide.index)
        photographs = wide.index.get_level_values(PHOTOGRAPH)
        metrics = [name for name in wide if name != "diversity" and wide[name].notna().any()]
        ranges = [(0, np.inf), *(metric_by_name(name).range for name in metrics)]
        parts = by_metric(trained, ("diversity", *metrics))
        values = wide[["diversity", *metrics]]
        low, high = intervals(values.to_numpy(), *QUALITY, photographs=photographs, within=ranges, trainings=parts)
        first = (system, source, int(mine["samples"].max()), values["diversity"].mean(), low[0], high[0])
        for place, name in enumerate(metrics, start=1):
            numbers = (int(values[name].notna().sum()), photographs[values[name].notna()].nunique())
            found.append((*first, name, *QUALITY, values[name].mean(), low[place], high[place], *numbers))
    return pd.DataFrame(found, columns=COLUMNS)
