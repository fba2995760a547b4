"""The mean of every cell of the axes: mask sets of training and of test, sizes, each with its interval."""

import pandas as pd

from lacuna.axes import CONDITIONS, NOT_TRAINED, TRAIN_MASKS
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.bootstrap import intervals
from lacuna.reporting.replicates import averaged, by_metric, conditions, of_trainings, of_value
from lacuna.reporting.statistics import BLOCKS, IMAGE, PHOTOGRAPH

COLUMNS = [
    *("source", "system", "prediction", "region", "metric", "mean", "low", "high", "n", "photographs", "trainings"),
]


def axis_means(scores: pd.DataFrame) -> pd.DataFrame:
    """Means of composites over all test sets, one row a cell: the columns of conditions that `scores` have, `COLUMNS`.

    scores: of every cell, training and sample (`run.cells`). Intervals are over photographs and, where a system was
    trained several times, over trainings; all cells draw the same photographs.
    """
    keys = conditions(scores)
    rows: list[dict] = []
    for prediction, region in BLOCKS:
        block = scores[(scores["prediction"] == prediction) & (scores["region"] == region) & scores["value"].notna()]
        for names, some in block.groupby([*keys, "source", "system"], sort=True, dropna=False):
            here = dict(zip([*keys, "source", "system"], names, strict=True))
            wide = averaged(some).pivot_table(index=[*IMAGE, PHOTOGRAPH], columns="metric", values="value").sort_index()
            trained = of_trainings(some, ["metric"], wide.index)
            photographs = wide.index.get_level_values(PHOTOGRAPH)
            ends = intervals(
                wide.to_numpy(),
                prediction,
                region,
                photographs=photographs,
                within=[metric_by_name(metric).range for metric in wide],
                trainings=by_metric(trained, wide),
            )
            for metric, low, high in zip(wide, *ends, strict=True):
                values = wide[metric].dropna()
                numbers = {"n": len(values), "photographs": photographs[wide[metric].notna()].nunique()}
                of = trained.get((metric,))
                row = here | {"prediction": prediction, "region": region, "metric": metric, "mean": values.mean()}
                rows.append(
                    row | {"low": low, "high": high} | numbers | {"trainings": 1 if of is None else of.shape[1]}
                )
    return pd.DataFrame(rows, columns=[*keys, *COLUMNS])


def across(table: pd.DataFrame, axis: str, down: str, selection: dict) -> pd.DataFrame:
    """The rows of `axis_means` on which two axes vary and all others are selected; `down` may be `system`.

    What is not trained belongs to every mask set of training, unless `axis` or `down` is that of training.
    """
    for name in CONDITIONS:
        if name in table and name not in (axis, down) and name in selection:
            table = table[of_value(table, name, selection[name])]
    if TRAIN_MASKS in (axis, down):
        table = table[table[TRAIN_MASKS].notna() & (table[TRAIN_MASKS] != NOT_TRAINED)]
    return table
