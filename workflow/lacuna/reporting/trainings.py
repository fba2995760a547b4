"""What several trainings of a network add to the uncertainty of a mean: other seeds give other networks.

Trainings and photographs are crossed: every training is scored on every photograph. Both are drawn with replacement,
and independently of each other, which is Owen's pigeonhole bootstrap (Annals of Applied Statistics 2007); of its
resampled means the parts that are linear in each factor are added, so that what trainings and photographs do together
is counted twice and not three times. The trainings of two systems are drawn independently. Variances from n levels of a
factor are scaled by n / (n − 1), and the quantile is Student's, with the degrees of freedom of a sum of variances
(Satterthwaite, Biometrics Bulletin 1946): with two trainings, one degree of freedom is all that is known of them.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import special

from lacuna.canonical import seed_of


def effect(scores: np.ndarray) -> np.ndarray:
    """How far each training's mean lies from the mean over all: length R, of sum 0.

    scores: N×R, of R trainings on N images. NaN is a missing value; a training without any is left out.
    """
    scores = np.asarray(scores, float)
    there = np.isfinite(scores)
    if there.all() and scores.size:
        means = scores.mean(axis=0)
    else:
        known = scores[:, there.any(axis=0)][there.any(axis=1)]
        if not known.size:
            return np.zeros(1)
        means = np.nanmean(known - np.nanmean(known, axis=1, keepdims=True), axis=0)
    return means - means.mean()


def variance(of_trainings: np.ndarray) -> float:
    """Of a mean over trainings with these effects (length R): as if all of their spread were the trainings' own."""
    return float(of_trainings.var(ddof=1) / len(of_trainings)) if len(of_trainings) > 1 else 0.0


def deviations(of_trainings: np.ndarray, resamples: int, *names: object) -> np.ndarray:
    """What drawing R trainings with replacement adds to a mean: `resamples` values, whose variance is `variance`.

    of_trainings: effects of length R ≥ 2. The draws depend on `names` and R alone.
    """
    number = len(of_trainings)
    return shares(number, resamples, names) @ of_trainings * (number / (number - 1)) ** 0.5


@lru_cache(maxsize=8)
def shares(number: int, resamples: int, names: tuple) -> np.ndarray:
    """What part of each resample every training is: `resamples`×`number`; kept, because many means draw the same."""
    random = np.random.default_rng(seed_of("trainings", *names, number))
    drawn = random.integers(number, size=(resamples, number)) + number * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * number).reshape(resamples, number) / number


def degrees_of_freedom(variances: Sequence[float], of_each: Sequence[float]) -> float:
    """Of a sum of independent estimates of variance with the degrees of freedom `of_each` (Satterthwaite 1946)."""
    terms = np.asarray(variances, float)
    total = terms.sum()
    return float(total**2 / (terms**2 / np.asarray(of_each, float)).sum()) if total > 0 else float(max(of_each))


def ends(
    here: float,
    resampled: np.ndarray,
    photographs: float,
    effects: Sequence[np.ndarray],
    names: tuple[object, ...],
    level: float,
    few: float,
) -> tuple[float, float]:
    """Interval of a mean over photographs and over the trainings of one or more systems.

    here: the mean. resampled: the same over photographs drawn with replacement. photographs: their effective number.
    effects: of the trainings of each system that has part in it. Where the degrees of freedom and one more are fewer
    than `few`, percentiles are of no use, and Student's interval is taken.
    """
    of_photographs = (resampled - here) * (photographs / (photographs - 1)) ** 0.5
    drawn = [deviations(each, len(resampled), *names, place) for place, each in enumerate(effects)]
    variances = [float(of_photographs.var()), *map(variance, effects)]
    freedom = degrees_of_freedom(variances, [photographs - 1, *(len(each) - 1 for each in effects)])
    quantile = special.stdtrit(freedom, (1 + level) / 2)
    if freedom + 1 < few:
        reach = quantile * sum(variances) ** 0.5
        return here - reach, here + reach
    outside = float(special.ndtr(-quantile))
    low, high = np.quantile(here + of_photographs + np.sum(drawn, axis=0), [outside, 1 - outside])
    return float(low), float(high)
