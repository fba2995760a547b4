"""The best of N samples, chosen by the truth: what a curve against N shows, and no score.

A system that draws is scored on each of its S samples. The expected best of N of them, drawn without replacement, is a
sum over the sorted scores: the j-th in rising order is the highest of N with the probability C(j−1, N−1) / C(S, N)
(order statistics of a finite population). Who does not know the truth cannot choose so; the curve rises with N for
whatever varies, and papers that printed its end as their score did not compare like with like.
"""

from math import comb

import numpy as np
import pandas as pd

from lacuna.axes import REPEAT, SAMPLE
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.bootstrap import intervals
from lacuna.reporting.statistics import BLOCKS, IMAGE, PHOTOGRAPH

COLUMNS = [
    *("system", "source", "prediction", "region", "metric", "best_of", "samples", "mean", "low", "high"),
    *("n", "photographs"),
]


def expected_best(scores: np.ndarray, direction: str) -> np.ndarray:
    """Of …×S scores the expected best of 1, 2, …, S of them drawn without replacement: …×S."""
    sign = 1 if direction == "higher" else -1
    rising = np.sort(sign * np.asarray(scores, float), axis=-1)
    number = rising.shape[-1]
    chances = np.array(
        [[comb(place, drawn - 1) / comb(number, drawn) for drawn in range(1, number + 1)] for place in range(number)]
    )
    return sign * (rising @ chances)


def best_of(scores: pd.DataFrame) -> pd.DataFrame:
    """Means of the expected best of N samples, for N from 1 to S, of every system that draws: columns `COLUMNS`.

    scores: every training and sample a row of its own (`run.replicates`); composites are read. Of several trainings
    each has its own best, and the mean over them is taken. Images that lack a sample are left out.
    """
    rows: list[tuple] = []
    if SAMPLE not in scores:
        return pd.DataFrame(rows, columns=COLUMNS)
    for prediction, region in BLOCKS:
        block = scores[(scores["prediction"] == prediction) & (scores["region"] == region) & (scores[SAMPLE] > 0)]
        for (system, source, metric), some in block.groupby(["system", "source", "metric"], sort=True):
            fact, columns = metric_by_name(metric), [name for name in (REPEAT, SAMPLE) if name in some]
            wide = some.pivot_table(index=[*IMAGE, PHOTOGRAPH], columns=columns, values="value").dropna()
            trainings = some[REPEAT].nunique() if REPEAT in some else 1
            if wide.empty or len(wide.columns) == trainings:
                continue
            best = expected_best(wide.to_numpy().reshape(len(wide), trainings, -1), fact.direction)
            photographs = wide.index.get_level_values(PHOTOGRAPH)
            ends = intervals(
                best.mean(axis=1),
                *(prediction, region),
                photographs=photographs,
                within=fact.range,
                trainings=[[best[:, :, place]] for place in range(best.shape[2])],
            )
            numbers = (len(wide), photographs.nunique())
            for place, (mean, low, high) in enumerate(zip(best.mean(axis=(0, 1)), *ends, strict=True)):
                names = (system, source, prediction, region, metric)
                rows.append((*names, place + 1, best.shape[2], mean, low, high, *numbers))
    return pd.DataFrame(rows, columns=COLUMNS)
