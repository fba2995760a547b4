"""Intervals of what was voted by some people on some photographs: both are drawn from many others.

An estimate is, near its value, a sum of what each vote brings to it (its influence). Votes of one voter resemble each
other, and so do votes on crops of one photograph; the variance is that of both groupings less that of their
intersection (Cameron, Gelbach and Miller, Journal of Business & Economic Statistics 2011), and never below that of one
of them. With fewer than `FEW` voters nothing can be said of other voters: intervals are then about other photographs as
these voters see them.
"""

import numpy as np
import pandas as pd
from scipy import stats

from lacuna.reporting.bootstrap import FEW, LEVEL, effective_number


def reaches(
    influences: np.ndarray,
    photographs: np.ndarray,
    voters: np.ndarray,
    level: float = LEVEL,
    fitted: int = 1,
    least: np.ndarray | float = 0.0,
) -> np.ndarray:
    """How far the interval of each estimate reaches to either side: length K, NaN where nothing can be said.

    influences: N×K, what each vote brings to the estimate's deviation from the truth. fitted: how many numbers the
    estimates were fitted by, which makes the surprises smaller than they are. least: variance that an estimate has if
    all votes are independent of each other, below which no variance is taken. The quantile is Student's, of one less
    than the effective number of photographs or of voters, whichever is less.
    """
    influences = np.asarray(influences, float)
    by_photograph = pd.factorize(photographs)[0]
    groupings = [by_photograph]
    if len(set(voters)) >= FEW:
        by_voter = pd.factorize(voters)[0]
        groupings.append(by_voter)
    variances = [_variance(influences, grouping) for grouping in groupings]
    variance = np.max(variances, axis=0)
    if len(groupings) == 2:
        both = pd.factorize(by_photograph * (by_voter.max() + 1) + by_voter)[0]
        variance = np.maximum(variance, variances[0] + variances[1] - _variance(influences, both))
    variance = np.maximum(variance * (len(influences) - 1) / max(1, len(influences) - fitted), least)
    effective = min(effective_number(np.bincount(grouping)) for grouping in groupings)
    reach = stats.t.ppf((1 + level) / 2, effective - 1) * np.sqrt(variance)
    return np.where(reach > 0, reach, np.nan)  # votes that are all alike show no spread at all


def _variance(influences: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Of the sums of influences, groups being independent of each other: length K; NaN for one group."""
    number = int(groups.max()) + 1
    if number < 2:
        return np.full(influences.shape[1], np.nan)
    sums = np.zeros((number, influences.shape[1]))
    np.add.at(sums, groups, influences)
    return (sums**2).sum(axis=0) * number / (number - 1)


def share(values: np.ndarray, photographs: np.ndarray, voters: np.ndarray) -> tuple[float, float, float]:
    """The mean of values in [0, 1], one a vote, and the ends of its interval."""
    values = np.asarray(values, float)
    mean = values.mean()
    (reach,) = reaches((values - mean)[:, None] / len(values), photographs, voters)
    low, high = np.clip([mean - reach, mean + reach], 0, 1)
    return float(mean), float(low), float(high)
