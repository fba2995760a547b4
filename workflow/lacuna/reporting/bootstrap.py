"""Intervals of means by bootstrap over photographs: crops of one photograph are drawn together or not at all.

Crops of one photograph resemble each other, so that many of them say little more than one; drawing images one by one
would make the intervals of such a test set far too narrow. Where every image is a photograph of its own, this is the
ordinary bootstrap. Percentiles are moved outwards as far as Student's t lies outside the normal distribution, without
which the intervals of few photographs are too narrow again; of very few, Student's interval itself is taken. Test sets
are not drawn one by one: their photographs are pooled. Where systems were trained several times, trainings are drawn
along with the photographs (`trainings.py`).
Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; Davison & Hinkley, Bootstrap Methods and their
Application (1997), section 3.8; Hesterberg, What Teachers Should Know About the Bootstrap (2015), section 3.1.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats

from lacuna.canonical import seed_of
from lacuna.reporting import trainings as of_trainings

LEVEL = 0.95
RESAMPLES = 2000
FEW = 6  # photographs, below which percentiles are of no use
_AT_ONCE = 1 << 22  # counts held in memory


def intervals(
    values: np.ndarray,
    *names: str,
    photographs: Sequence[str] | None = None,
    within: tuple[float, float] | Sequence[tuple[float, float]] = (-np.inf, np.inf),
    trainings: Sequence[Sequence[np.ndarray]] | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of the mean of each column of `values` (N×K): lower and upper ends, each of length K.

    `photographs` names that of each of the N rows; without it each row is one of its own. `within`: the range that the
    values can have, one for all columns or one each, beyond which no end goes. `trainings`: for each column the scores
    N×R of the R trainings of each system whose mean has part in it, negative where the mean is subtracted; one training
    alone says nothing of others. NaN is a missing value; a column without any value is a `ValueError`; values of one
    photograph alone have NaN for ends, for nothing is known about others. The draws depend on `names` and the number of
    photographs alone: what stands beside every source has the same interval beside each, as long as `names` leave the
    source out.
    """
    values = np.asarray(values, float)
    labels = np.arange(len(values)) if photographs is None else np.asarray(photographs)
    present = np.isfinite(values)
    ends = np.empty((2, values.shape[1]))
    parts = trainings or [()] * values.shape[1]
    for pattern in {column.tobytes(): column for column in present.T}.values():
        columns = np.all(pattern == present.T, axis=1)
        kept = values[pattern][:, columns]
        if not len(kept):
            raise ValueError("a column holds no value, so its mean has no interval")
        of, distinct = pd.factorize(labels[pattern])
        effects = [
            [each for part in parts[column] if len(each := of_trainings.effect(part[pattern])) > 1]
            for column in np.flatnonzero(columns).tolist()
        ]
        ends[:, columns] = _ends(kept, of, len(distinct), names, level, resamples, effects=effects)
    least, most = np.transpose(np.broadcast_to(within, (values.shape[1], 2)))
    return tuple(np.clip(ends, least, most))


def intervals_of(
    statistic: Callable[[np.ndarray], np.ndarray],
    values: np.ndarray,
    *names: str,
    photographs: Sequence[str] | np.ndarray,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of something computed from means, such as a ratio of two of them: lower and upper ends.

    statistic: means …×K → …×M. values: N×K without missing ones; the rest as of `intervals`.
    """
    of, distinct = pd.factorize(np.asarray(photographs))
    return tuple(_ends(np.asarray(values, float), of, len(distinct), names, level, resamples, statistic))


def _ends(
    kept: np.ndarray,
    of: np.ndarray,
    number: int,
    names: tuple,
    level: float,
    resamples: int,
    statistic: Callable[[np.ndarray], np.ndarray] = lambda means: means,
    effects: Sequence[Sequence[np.ndarray]] = (),
) -> np.ndarray:
    """2×M ends of a statistic of the means of values N×K of the photographs `of` (N numbers below `number`).

    effects: for each of the M what trainings add; see `trainings.ends`.
    """
    here = statistic(kept.mean(axis=0))
    if number == 1:
        return np.full((2, *here.shape), np.nan)
    means = statistic(resampled_means(kept, of, number, names, resamples))
    effective = effective_number(np.bincount(of))
    if effects and all(effects):  # trainings belong to every one of them, and photographs alone are no interval
        ends = np.empty((2, *here.shape))
    elif effective < FEW:  # percentiles of so few draws are hardly more than the smallest and the largest photograph
        spread = means.std(axis=0) * (effective / (effective - 1)) ** 0.5
        reach = stats.t.ppf((1 + level) / 2, effective - 1) * spread
        ends = here + np.array([-reach, reach])
    else:
        outside = outer_share(effective, level)
        ends = np.quantile(means, [outside, 1 - outside], axis=0)
    for place, some in enumerate(effects):
        if some:
            drawn = (here[place], means[:, place], effective)
            ends[:, place] = of_trainings.ends(*drawn, some, names, level, FEW)
    return ends


def resampled_means(
    kept: np.ndarray, of: np.ndarray, number: int, names: Sequence[str], resamples: int = RESAMPLES
) -> np.ndarray:
    """Means of the columns of N×K over the images of photographs drawn with replacement: `resamples`×K."""
    sums, sizes = np.zeros((number, kept.shape[1])), np.bincount(of, minlength=number)
    np.add.at(sums, of, kept)
    random = np.random.default_rng(seed_of("bootstrap", *names, number))
    return np.concatenate(
        [(counts @ sums) / (counts @ sizes)[:, None] for counts in _counts(number, resamples, random)]
    )


def effective_number(sizes: np.ndarray) -> float:
    """(Σ sizes)² / Σ sizes² (Kish): as many photographs of equal size would make means as sure; at least 1.5."""
    sizes = np.asarray(sizes, float)
    return max(1.5, float(sizes.sum() ** 2 / (sizes**2).sum()))


@lru_cache(maxsize=1024)
def outer_share(number: float, level: float = LEVEL) -> float:
    """The share of resamples left out at either end: (1 − level) / 2 for many photographs, less for few."""
    quantile = stats.t.ppf((1 + level) / 2, number - 1) * (number / (number - 1)) ** 0.5
    return float(stats.norm.sf(quantile))


def _counts(number: int, resamples: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each of `number` photographs is drawn in each resample: blocks of rows that sum to `number`."""
    block = max(1, _AT_ONCE // number)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = random.integers(number, size=(rows, number)) + number * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * number).reshape(rows, number)
