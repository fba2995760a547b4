"""How sure the means are: bootstrap intervals, paired tests, win rates, and mean ranks with a critical difference.

Everything compares systems on the same image with the same mask, found by their names and not by their order. Systems
of one source are compared with each other and with those that stand beside every source (`aggregation.SHARED`).
All of it takes images as independent draws: crops of one photograph are not, and make intervals look too narrow.
"""

from collections.abc import Iterator
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from lacuna.canonical import seed_of
from lacuna.errors import LacunaError
from lacuna.metrics.per_image import named
from lacuna.reporting.aggregation import SHARED, UNTRAINED, leaderboard, quantitative

IMAGE = ["test_set", "image", "mask"]  # what makes two rows a pair
BLOCKS = (("composite", "image"), ("composite", "hole"))
_OF = ["source", "prediction", "region", "metric"]
PAIRS = [
    *(*_OF, "system_a", "system_b", "n", "mean_difference", "low", "high", "win_rate_a"),
    *("p_value", "p_holm", "verdict"),
]
RANKS = [*_OF, "system", "mean_rank", "n", "critical_difference", "low", "high", "friedman_p"]
LEADERBOARD = ["system", "source", "metric", "mean", "low", "high", "n", "mean_rank"]
LEVEL = 0.95
RESAMPLES = 2000
FEWEST = 6  # the smallest N at which a two-sided Wilcoxon test can read p < 0.05
A_BETTER, B_BETTER = "a better", "b better"
NO_DIFFERENCE, IDENTICAL, NOT_TESTED = "no difference shown", "identical", f"not tested, N < {FEWEST}"
_AT_ONCE = 1 << 22  # counts held in memory


def _counts(n: int, resamples: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each of `n` images is drawn in each resample: blocks of rows that sum to `n`."""
    block = max(1, _AT_ONCE // n)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = random.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)


def intervals(
    values: np.ndarray, *names: str, level: float = LEVEL, resamples: int = RESAMPLES
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile bootstrap of the mean of each column of `values` (N×K): lower and upper ends, each of length K.

    NaN is a missing value; a column without any value is a `ValueError`. The draws depend on `names` and N alone.
    Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    values = np.asarray(values, float)
    present = np.isfinite(values)
    ends = np.empty((2, values.shape[1]))
    for pattern in {column.tobytes(): column for column in present.T}.values():
        columns = np.all(pattern == present.T, axis=1)
        kept = values[pattern][:, columns]
        if not len(kept):
            raise ValueError("a column holds no value, so its mean has no interval")
        random = np.random.default_rng(seed_of("bootstrap", *names, len(kept)))
        means = np.concatenate([counts @ kept for counts in _counts(len(kept), resamples, random)]) / len(kept)
        ends[:, columns] = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return ends[0], ends[1]


def holm(p_values: np.ndarray) -> np.ndarray:
    """P-values of a family, adjusted so that p < α holds its error rate below α (Holm 1979)."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    return np.minimum(adjusted, 1)


def signed_rank(differences: np.ndarray) -> tuple[float, int]:
    """Two-sided Wilcoxon signed-rank test: its p-value, and the sign of the difference of the rank sums.

    Zeros are left out, as Wilcoxon (1945) did; where nothing is left p is 1. Exact for small N, else normal.
    """
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0, 0
    ranks = stats.rankdata(np.abs(moved))
    return float(stats.wilcoxon(moved).pvalue), int(np.sign((ranks * np.sign(moved)).sum()))


def win_rate(differences: np.ndarray, direction: str) -> float:
    """The share of images on which the first system is better; a tie counts half."""
    better = np.sign(differences) * (1 if direction == "higher" else -1)
    return float((better + 1).mean() / 2)


@cache
def _studentised(systems: int, alpha: float) -> float:
    return float(stats.studentized_range.ppf(1 - alpha, systems, np.inf)) / 2**0.5


def critical_difference(systems: int, n: int, alpha: float = 1 - LEVEL) -> float:
    """Nemenyi: mean ranks of `systems` on `n` images that are farther apart differ (Demšar, JMLR 2006)."""
    return _studentised(systems, round(alpha, 9)) * (systems * (systems + 1) / (6 * n)) ** 0.5


def friedman(ranks: np.ndarray) -> float:
    """P-value of Friedman's test, corrected for ties, from the ranks (N×k, k ≥ 2) within each image."""
    n, k = ranks.shape
    spread = ((ranks - (k + 1) / 2) ** 2).sum()
    if spread == 0:
        return 1.0  # every image is a tie
    statistic = (k - 1) * n**2 * ((ranks.mean(0) - (k + 1) / 2) ** 2).sum() / spread
    return float(stats.chi2.sf(statistic, k - 1))


def sources_of(scores: pd.DataFrame) -> list[str]:
    """The sources that systems were trained on; without any, `untrained` stands for what needs no training."""
    return sorted(set(scores["source"]) - SHARED) or [UNTRAINED]


def paired(scores: pd.DataFrame, source: str, prediction: str, region: str) -> pd.DataFrame:
    """Scores side by side: one row an image and mask (index `IMAGE`), columns (metric, system); NaN where missing.

    Raises `LacunaError` where a system has two scores of the same image and mask.
    """
    chosen = scores[
        scores["source"].isin({source, *SHARED})
        & (scores["prediction"] == prediction)
        & (scores["region"] == region)
        & scores["value"].notna()
    ]
    twice = chosen[chosen.duplicated([*IMAGE, "metric", "system"])]
    if len(twice):
        row = twice.iloc[0]
        raise LacunaError(
            f"the system '{row['system']}' has two {row['metric']} scores of {row['image']} with {row['mask']} beside "
            f"the source '{source}', so it cannot be paired; name each set of predictions differently."
        )
    wide = chosen.pivot_table(index=IMAGE, columns=["metric", "system"], values="value")
    return wide.sort_index(axis=0).sort_index(axis=1)


def pairs(scores: pd.DataFrame) -> pd.DataFrame:
    """Every two systems of a source compared on the images that both have: columns `PAIRS`, sorted.

    `mean_difference` is a − b with its interval. The family of Holm's correction is all tested pairs and metrics of
    one source, prediction and region. Fewer than `FEWEST` images are not tested: p is 1, and the verdict says so.
    """
    tables = [_pairs(scores, source, *block) for source in sources_of(scores) for block in BLOCKS]
    return pd.DataFrame([row for table in tables for row in table], columns=PAIRS)


def _pairs(scores: pd.DataFrame, source: str, prediction: str, region: str) -> list[dict]:
    wide = paired(scores, source, prediction, region)
    rows, columns = [], []
    for metric in dict.fromkeys(wide.columns.get_level_values("metric")):
        direction = named(metric).direction
        for a, b in combinations(wide[metric], 2):
            column = (wide[metric][a] - wide[metric][b]).to_numpy()
            differences = column[np.isfinite(column)]
            if not len(differences):
                continue  # no image in common, so there is nothing to compare
            tested = len(differences) >= FEWEST
            p_value, sign = signed_rank(differences) if tested else (1.0, 0)
            columns.append(column)
            rows.append(
                dict(zip(_OF, (source, prediction, region, metric), strict=True))
                | {"system_a": a, "system_b": b, "n": len(differences), "mean_difference": differences.mean()}
                | {"win_rate_a": win_rate(differences, direction), "p_value": p_value, "p_holm": 1.0}
                | {"verdict": IDENTICAL if not differences.any() else NO_DIFFERENCE if tested else NOT_TESTED}
                | {"sign": sign * (1 if direction == "higher" else -1)}
            )
    if not rows:
        return []
    for row, low, high in zip(rows, *intervals(np.transpose(columns), source, prediction, region), strict=True):
        row |= {"low": low, "high": high}
    family = [row for row in rows if row["n"] >= FEWEST]
    for row, adjusted in zip(family, holm([row["p_value"] for row in family]), strict=True):
        row["p_holm"] = adjusted
        if adjusted < 1 - LEVEL:
            row["verdict"] = A_BETTER if row["sign"] > 0 else B_BETTER
    return rows


def ranks(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean ranks over the images that every system of a source has, 1 the best: columns `RANKS`, sorted.

    Ties share their mean rank. Friedman's p is 1 below `FEWEST` images. One system alone has no rank and no row.
    """
    rows = []
    for source in sources_of(scores):
        for prediction, region in BLOCKS:
            wide = paired(scores, source, prediction, region)
            for metric in dict.fromkeys(wide.columns.get_level_values("metric")):
                complete = wide[metric].dropna()
                n, k = complete.shape
                if n == 0 or k < 2:
                    continue
                of_image = complete.rank(axis=1, ascending=named(metric).direction == "lower").to_numpy()
                low, high = intervals(of_image, source, prediction, region)
                p_value = friedman(of_image) if n >= FEWEST else 1.0
                rows += [
                    (source, prediction, region, metric, system, mean, n, critical_difference(k, n), *ends, p_value)
                    for system, mean, *ends in zip(complete, of_image.mean(0), low, high, strict=True)
                ]
    return pd.DataFrame(rows, columns=RANKS)


def leaderboard_intervals(scores: pd.DataFrame) -> pd.DataFrame:
    """`aggregation.leaderboard` in long form with an interval of every mean: columns `LEADERBOARD`, its order.

    Composite, whole image, all test sets together; `mean_rank` is the mean over the metrics of the ranks of the means.
    """
    chosen = scores[(scores["prediction"] == "composite") & (scores["region"] == "image")]
    rows = []
    for place in leaderboard(quantitative(chosen)).itertuples():
        mine = chosen[(chosen["system"] == place.system) & (chosen["source"] == place.source)]
        wide = mine.pivot_table(index=IMAGE, columns="metric", values="value").sort_index()
        low, high = intervals(wide.to_numpy(), place.source, "composite", "image")
        rows += [
            (place.system, place.source, metric, wide[metric].mean(), *ends, wide[metric].count(), place.mean_rank)
            for metric, *ends in zip(wide, low, high, strict=True)
        ]
    return pd.DataFrame(rows, columns=LEADERBOARD)
