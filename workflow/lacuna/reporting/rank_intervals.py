"""Intervals of ranks where systems were trained several times.

A rank says nothing of how far systems lie apart, and a training that moves a system past others moves it past them on
all photographs at once: what trainings do to ranks is no sum of what each does. Therefore all systems' trainings are
drawn anew each time, and everything is ranked anew. Before that what is drawn is moved away from the means as far as
the quantile of Student's t lies outside that of the normal distribution (degrees of freedom: `trainings.py`), so that
plain percentiles are wide enough.
"""

from collections.abc import Mapping

import numpy as np
from scipy import special, stats

from lacuna.reporting import trainings
from lacuna.reporting.bootstrap import LEVEL, resampled_means

RESAMPLES = 500  # rankings of all photographs each
_AT_ONCE = 1 << 21  # numbers that are ranked at once


def widening(freedom: float) -> float:
    """How much farther the quantile of Student's t lies than that of the normal distribution."""
    return float(special.stdtrit(freedom, (1 + LEVEL) / 2) / special.ndtri((1 + LEVEL) / 2))


def of_mean_ranks(
    means: np.ndarray, trained: Mapping[int, np.ndarray], ascending: bool, *names: str
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of every system's mean rank over photographs and trainings: lower and upper ends, each of length k.

    means: P×k, of k systems on P photographs. trained: place of a system with R > 1 trainings → its scores by training,
    P×R. ascending: whether the lowest is the best. NaN of one photograph alone. The draws depend on `names`.
    """
    number, systems = means.shape
    if number == 1:
        return np.full(systems, np.nan), np.full(systems, np.nan)
    sign = 1 if ascending else -1
    ranked = stats.rankdata(sign * means, axis=1)
    here = ranked.mean(axis=0)
    of_photographs = resampled_means(ranked, np.arange(number), number, names, RESAMPLES) - here
    of_photographs *= (number / (number - 1)) ** 0.5 * widening(number - 1)
    apart = means - means.mean(axis=1, keepdims=True)  # how hard a photograph is for all moves no rank
    drawn = np.empty((RESAMPLES, systems))
    block = max(1, _AT_ONCE // means.size)
    for start in range(0, RESAMPLES, block):
        rows = slice(start, min(RESAMPLES, start + block))
        shifted = np.repeat(means[None], rows.stop - rows.start, axis=0)
        for place, scores in trained.items():
            shares = trainings.shares(scores.shape[1], RESAMPLES, (*names, place))[rows]
            moved = (shares - 1 / scores.shape[1]) @ (scores - means[:, [place]]).T
            shifted[:, :, place] += moved * _away(apart[:, place], scores)
        drawn[rows] = stats.rankdata(sign * shifted, axis=2).mean(axis=1) - here
    outside = (1 - LEVEL) / 2
    low, high = np.quantile(here + of_photographs + drawn, [outside, 1 - outside], axis=0)
    return np.clip(low, 1, systems), np.clip(high, 1, systems)


def _away(apart: np.ndarray, scores: np.ndarray) -> float:
    """How far trainings are moved from their mean: by n / (n − 1) and Student's t; scores P×R, `apart` P."""
    number = scores.shape[1]
    variances = [float(apart.var(ddof=1) / len(apart)), trainings.variance(trainings.effect(scores))]
    freedom = trainings.degrees_of_freedom(variances, [len(apart) - 1, number - 1])
    return widening(freedom) * (number / (number - 1)) ** 0.5
