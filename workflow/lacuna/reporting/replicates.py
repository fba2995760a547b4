"""Rows of a run with several mask sets, sizes, trainings or samples: which are compared, and what is averaged.

A mask set or a size is a condition: rows of two conditions are never averaged silently. A training from another seed
and another sample of a system that draws are replicates: a system's score on an image is the mean over them.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

from lacuna.axes import CONDITIONS, NOT_TRAINED, REPEAT, SAMPLE, TRAIN_MASKS
from lacuna.errors import LacunaError


def conditions(table: pd.DataFrame) -> list[str]:
    """The columns of conditions that a table has, in the order of `CONDITIONS`."""
    return [name for name in CONDITIONS if name in table]


def selected(table: pd.DataFrame, selection: Mapping[str, object]) -> pd.DataFrame:
    """The rows of one cell, without the columns of its conditions; the table itself where it has none.

    selection: condition → its value; a condition that it leaves out keeps its column. What is not trained belongs to
    every mask set of training. A `LacunaError` where nothing is left of a table that has rows.
    """
    for name in [name for name in conditions(table) if name in selection]:
        kept = of_value(table, name, selection[name])
        if len(table) and not kept.any():
            known = ", ".join(sorted(set(_texts(table, name))))
            raise LacunaError(
                f"the results hold no {name} '{selection[name]}', which 'leaderboard' selects; known: {known}"
            )
        table = table[kept].drop(columns=name)
    return table


def of_value(table: pd.DataFrame, name: str, value: object) -> pd.Series:
    """Which rows are of a value of a condition: what is not trained is of every mask set of training."""
    texts = _texts(table, name)
    return (texts == str(value)) | ((texts == NOT_TRAINED) & (name == TRAIN_MASKS))


def _texts(table: pd.DataFrame, name: str) -> pd.Series:
    """A condition's values as texts; in a CSV, what is empty is missing."""
    return table[name].astype(str).where(table[name].notna(), NOT_TRAINED)


def cells_of(table: pd.DataFrame) -> list[dict[str, str]]:
    """Every cell that a table has rows of: condition → value, sorted; one empty cell where it has no conditions.

    What is not trained belongs to every cell, and makes one only where nothing was trained.
    """
    names = conditions(table)
    if TRAIN_MASKS in names and (trained := _texts(table, TRAIN_MASKS) != NOT_TRAINED).any():
        table = table[trained]
    rows = table[names].drop_duplicates().astype(str)
    return sorted(rows.to_dict("records"), key=lambda cell: tuple(cell.values())) if names else [{}]


def by_cell(scores: pd.DataFrame, table: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """A table of every cell below each other, with the columns of the conditions behind those of the table."""
    return pd.concat([table(selected(scores, cell)).assign(**cell) for cell in cells_of(scores)], ignore_index=True)


def one_cell(scores: pd.DataFrame) -> pd.DataFrame:
    """The same without columns of conditions; a `LacunaError` where rows of two cells would be mixed."""
    for name in conditions(scores):
        found = sorted(set(scores[name].dropna().astype(str)) - {NOT_TRAINED})
        if len(found) > 1:
            raise LacunaError(
                f"the rows are of several {name} ({', '.join(found)}); select one of them before they meet"
            )
    return scores.drop(columns=conditions(scores))


def averaged(scores: pd.DataFrame, over: Iterable[str] = (REPEAT, SAMPLE)) -> pd.DataFrame:
    """Scores averaged over replicates, without their columns; the same table where it has none of these columns.

    Rows that differ in nothing but replicates and value become one, at the place of the first. A missing value counts
    for nothing; where all are missing, the mean is.
    """
    over = [name for name in over if name in scores]
    if not over:
        return scores
    rest = scores.drop(columns=over)
    codes = codes_of(rest, [name for name in rest if name not in ("value", "coverage", "photograph")])
    _, first, of = np.unique(codes, return_index=True, return_inverse=True)
    values = scores["value"].to_numpy(float)
    there = np.isfinite(values)
    sums = np.bincount(of[there], values[there], minlength=len(first))
    numbers = np.bincount(of[there], minlength=len(first))
    means = np.divide(sums, numbers, out=np.full(len(first), np.nan), where=numbers > 0)
    order = np.argsort(first)
    return rest.iloc[first[order]].assign(value=means[order]).reset_index(drop=True)


def firsts(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first training and the first sample, and of what has neither, without these columns."""
    for name in (name for name in (REPEAT, SAMPLE) if name in table):
        table = table[table[name] <= 1].drop(columns=name)
    return table


def codes_of(table: pd.DataFrame, columns: Iterable[str]) -> np.ndarray:
    """A whole number for each row, the same for rows that agree in these columns."""
    codes, number = np.zeros(len(table), np.int64), 1
    for name in columns:
        of, distinct = pd.factorize(table[name], use_na_sentinel=False)
        if number * max(1, len(distinct)) > 1 << 62:  # beyond which the next product would not be exact
            known, codes = np.unique(codes, return_inverse=True)
            number = len(known)
        codes = codes * len(distinct) + of
        number *= max(1, len(distinct))
    return codes


def several(scores: pd.DataFrame, column: str) -> bool:
    """Whether some system has more than one replicate of a kind, `REPEAT` or `SAMPLE`."""
    return column in scores and bool(scores.groupby(["system", "source"])[column].nunique().max() > 1)


def of_trainings(scores: pd.DataFrame, columns: list[str], index: pd.MultiIndex) -> dict[tuple, np.ndarray]:
    """Scores of every training of systems that have several: values of `columns` → N×R, for the N places of `index`.

    scores: one prediction and region, with the columns that name the levels of `index`; samples are averaged. NaN where
    a training has no score.
    """
    if REPEAT not in scores:
        return {}
    rows = averaged(scores[scores[REPEAT] > 0], [SAMPLE])
    wide = rows.pivot_table(index=list(index.names), columns=[*columns, REPEAT], values="value").reindex(index)
    values, found = wide.to_numpy(), {}
    if not len(wide.columns):
        return {}
    keys = wide.columns.droplevel(REPEAT)
    for key in keys.unique():
        if (places := np.flatnonzero(keys == key)).size > 1:
            found[key if isinstance(key, tuple) else (key,)] = values[:, places]
    return found


def by_metric(trained: Mapping[tuple, np.ndarray], metrics: Iterable[str]) -> list[list[np.ndarray]]:
    """What `intervals` takes as `trainings` of the columns `metrics`, of `of_trainings` by metric."""
    return [[trained[metric,]] if (metric,) in trained else [] for metric in metrics]
