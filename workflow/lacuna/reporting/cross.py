"""Training source against test set: how much does the training source matter?

One system, two training sources, the same test images with the same masks: the difference of each pair of scores is
the source's. The training images differ, and so does what else came with them; nothing else does.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.bootstrap import intervals
from lacuna.reporting.replicates import averaged, of_trainings, one_cell
from lacuna.reporting.statistics import BLOCKS, PHOTOGRAPH, compared, judge
from lacuna.sources import SHARED

COLUMNS = [
    *("system", "test_set", "prediction", "region", "metric", "source_a", "source_b", "n", "photographs"),
    *("mean_a", "low_a", "high_a", "mean_b", "low_b", "high_b"),
    *("mean_difference", "low", "high", "win_rate_a", "p_value", "p_holm", "verdict"),
]
PAIR = ["image", "mask", PHOTOGRAPH]


def cross(scores: pd.DataFrame) -> pd.DataFrame:
    """Every two sources of every trained system on every test set: columns `COLUMNS`, sorted.

    Over the images that both have. Intervals are 95 % bootstrap ones over photographs, and over the trainings where
    there are several; p is of the two-sided
    Wilcoxon signed-rank test on the photographs' means, Holm-corrected over all test sets and pairs of sources of a
    system, metric, prediction and region.
    No rows where no system was trained on two sources. Composites, on the whole image and in the hole.
    """
    found = []
    scores = one_cell(scores)
    for prediction, region in BLOCKS:
        chosen = scores[
            (scores["prediction"] == prediction) & (scores["region"] == region) & ~scores["source"].isin(SHARED)
        ]
        for (system, metric), rows in chosen.groupby(["system", "metric"], sort=True):
            names = {"system": system, "prediction": prediction, "region": region, "metric": metric}
            found += _family(rows, names)
    keys = ["system", "prediction", "region", "metric", "test_set", "source_a", "source_b"]
    return pd.DataFrame(found, columns=COLUMNS).sort_values(keys, ignore_index=True)


def _family(rows: pd.DataFrame, names: dict) -> list[dict]:
    """The comparisons that are corrected together."""
    direction = metric_by_name(names["metric"]).direction
    found = []
    wide = averaged(rows).pivot_table(index=["test_set", *PAIR], columns="source", values="value").sort_index()
    trained = of_trainings(rows, ["source"], wide.index)
    of_sources = {source: column.to_numpy() for source, column in wide.sort_index(axis=1).items()}
    test_sets, photographs = (wide.index.get_level_values(name).to_numpy() for name in ("test_set", PHOTOGRAPH))
    for test_set in sorted(set(test_sets)):
        here = test_sets == test_set
        for a, b in combinations(of_sources, 2):
            kept = here & np.isfinite(of_sources[a]) & np.isfinite(of_sources[b])
            if not kept.any():
                continue
            values = np.column_stack([of_sources[a][kept], of_sources[b][kept]])
            values = np.column_stack([values, values[:, 0] - values[:, 1]])
            of_a, of_b = ([trained[name,][kept]] if (name,) in trained else [] for name in (a, b))
            parts = [of_a, of_b, [*of_a, *(-each for each in of_b)]]
            ranges = [*[metric_by_name(names["metric"]).range] * 2, (-np.inf, np.inf)]
            drawn = {"photographs": photographs[kept], "within": ranges, "trainings": parts}
            low, high = intervals(values, names["system"], test_set, a, b, **drawn)
            found.append(
                {**names, "test_set": test_set, "source_a": a, "source_b": b}
                | {"mean_a": values[:, 0].mean(), "low_a": low[0], "high_a": high[0]}
                | {"mean_b": values[:, 1].mean(), "low_b": low[1], "high_b": high[1]}
                | compared(values[:, 2], photographs[kept], direction)
                | {"low": low[2], "high": high[2]}
            )
    judge(found)
    return found
