"""How sure the means are: bootstrap intervals, paired tests, win rates, and mean ranks.

Everything compares systems on the same image with the same mask, found by their names and not by their order. Systems
of one source are compared with each other and with those that stand beside every source (`aggregation.SHARED`).
What is uncertain is the photographs, not their crops: intervals draw photographs, and the tests take the mean over the
crops of each (`scores` have a column `photograph`; where every image is one of its own, nothing is averaged). Where
systems were trained several times or predicted several samples (columns `repeat` and `sample`), they are compared by
their means over both, and the intervals are over the trainings, too (`trainings.py`). `scores` are of one cell: of two
sets of masks or two sizes they are a `LacunaError` (`replicates.one_cell`).
"""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from lacuna.errors import LacunaError
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting import trainings
from lacuna.reporting.aggregation import leaderboard, quantitative
from lacuna.reporting.bootstrap import LEVEL, RESAMPLES, effective_number, intervals, outer_share, resampled_means
from lacuna.reporting.rank_intervals import of_mean_ranks, widening
from lacuna.reporting.replicates import averaged, by_metric, of_trainings, one_cell
from lacuna.sources import SHARED, UNTRAINED

IMAGE = ["test_set", "image", "mask"]  # what makes two rows a pair
PHOTOGRAPH = "photograph"
BLOCKS = (("composite", "image"), ("composite", "hole"))
_OF = ["source", "prediction", "region", "metric"]
PAIRS = [
    *(*_OF, "system_a", "system_b", "n", "photographs", "mean_difference", "low", "high", "win_rate_a"),
    *("p_value", "p_holm", "verdict"),
]
RANKS = [*_OF, "system", "mean_rank", "n", "photographs", "low", "high", "friedman_p"]
LEADERBOARD = [
    *("system", "source", "metric", "mean", "low", "high", "n", "photographs"),
    *("mean_rank", "rank_low", "rank_high"),
]
FEWEST = 6  # photographs: the smallest number at which a two-sided Wilcoxon test can read p < 0.05
A_BETTER, B_BETTER = "a better", "b better"
NO_DIFFERENCE, IDENTICAL = "no difference shown", "identical"
NOT_TESTED = f"not tested, fewer than {FEWEST} photographs"


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


def beside(scores: pd.DataFrame, source: str, prediction: str, region: str) -> pd.DataFrame:
    """The known scores of one block that stand beside a source: of what it trained, and of what nothing trained."""
    return scores[
        scores["source"].isin({source, *SHARED})
        & (scores["prediction"] == prediction)
        & (scores["region"] == region)
        & scores["value"].notna()
    ]


def paired(scores: pd.DataFrame, source: str, prediction: str, region: str) -> pd.DataFrame:
    """Scores side by side: one row an image and mask (index `IMAGE`), columns (metric, system); NaN where missing.

    The index has a last level `photograph`. scores: one row a system, image and mask (`replicates.averaged`).

    Raises `LacunaError` where a system has two scores of the same image and mask.
    """
    chosen = beside(scores, source, prediction, region)
    twice = chosen[chosen.duplicated([*IMAGE, "metric", "system"])]
    if len(twice):
        row = twice.iloc[0]
        raise LacunaError(
            f"the system '{row['system']}' has two {row['metric']} scores of {row['image']} with {row['mask']} beside "
            f"the source '{source}', so it cannot be paired; name each set of predictions differently"
        )
    wide = chosen.pivot_table(index=[*IMAGE, PHOTOGRAPH], columns=["metric", "system"], values="value")
    return wide.sort_index(axis=0).sort_index(axis=1)


def pairs(scores: pd.DataFrame) -> pd.DataFrame:
    """Every two systems of a source compared on the images that both have: columns `PAIRS`, sorted.

    `mean_difference` is a − b over the images with its interval; the test is about the photographs. The family of
    Holm's correction is all tested pairs and metrics of one source, prediction and region. Fewer than `FEWEST`
    photographs are not tested: p is NaN, and the verdict says so.
    """
    scores = one_cell(scores)
    means = averaged(scores)
    tables = [_pairs(means, scores, source, *block) for source in sources_of(scores) for block in BLOCKS]
    return pd.DataFrame([row for table in tables for row in table], columns=PAIRS)


def _pairs(means: pd.DataFrame, scores: pd.DataFrame, source: str, prediction: str, region: str) -> list[dict]:
    wide = paired(means, source, prediction, region)
    trained = of_trainings(beside(scores, source, prediction, region), ["metric", "system"], wide.index)
    photographs = wide.index.get_level_values(PHOTOGRAPH).to_numpy()
    rows, columns, parts = [], [], []
    for metric in dict.fromkeys(wide.columns.get_level_values("metric")):
        direction = metric_by_name(metric).direction
        of_systems = {system: column.to_numpy() for system, column in wide[metric].items()}
        for a, b in combinations(of_systems, 2):
            column = of_systems[a] - of_systems[b]
            both = np.isfinite(column)
            if not both.any():
                continue  # no image in common, so there is nothing to compare
            columns.append(column)
            signed = ((1, trained.get((metric, a))), (-1, trained.get((metric, b))))
            parts.append([sign * each for sign, each in signed if each is not None])
            rows.append(
                dict(zip(_OF, (source, prediction, region, metric), strict=True))
                | {"system_a": a, "system_b": b}
                | compared(column[both], photographs[both], direction)
            )
    if not rows:
        return []
    ends = intervals(np.transpose(columns), prediction, region, photographs=photographs, trainings=parts)
    for row, low, high in zip(rows, *ends, strict=True):
        row |= {"low": low, "high": high}
    judge(rows)
    return rows


def compared(differences: np.ndarray, photographs: np.ndarray, direction: str) -> dict:
    """Differences a − b of N images: n, photographs, mean_difference, win_rate_a, p_value, a first verdict, and `sign`.

    `sign` is 1 where a is the better by the test's rank sums, −1 where b is; `mean_sign` the same by the mean. Below
    `FEWEST` photographs there is no test, and p is NaN.
    """
    means = pd.Series(differences).groupby(photographs, sort=False).mean().to_numpy()
    tested = len(means) >= FEWEST
    p_value, sign = signed_rank(means) if tested else (np.nan, 0)
    verdict = IDENTICAL if not differences.any() else NO_DIFFERENCE if tested else NOT_TESTED
    found = {"n": len(differences), "photographs": len(means), "mean_difference": differences.mean()}
    found |= {"win_rate_a": win_rate(differences, direction), "p_value": p_value, "p_holm": p_value, "verdict": verdict}
    better = 1 if direction == "higher" else -1
    return found | {"sign": better * sign, "mean_sign": better * int(np.sign(differences.mean()))}


def judge(rows: list[dict]) -> None:
    """Holm's correction over the tested rows of `compared` with their intervals, and the verdicts that it leaves.

    For the test photographs count alike, for the mean and its interval images do: where the two point in different
    directions, or the interval holds 0, no difference is shown.
    """
    family = [row for row in rows if row["photographs"] >= FEWEST]
    for row, adjusted in zip(family, holm(np.array([row["p_value"] for row in family])), strict=True):
        row["p_holm"] = adjusted
        apart = row["low"] > 0 or row["high"] < 0
        if adjusted < 1 - LEVEL and apart and row["sign"] == row["mean_sign"]:
            row["verdict"] = A_BETTER if row["sign"] > 0 else B_BETTER


def ranks(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean ranks over the photographs that every system of a source has, 1 the best: columns `RANKS`, sorted.

    Ranked are the systems' means over a photograph's images; `n` counts images. Ties share their mean rank. Friedman's
    p is NaN below `FEWEST` photographs. One system alone has no rank and no row.
    """
    rows = []
    scores = one_cell(scores)
    systems_means = averaged(scores)
    for source in sources_of(scores):
        for prediction, region in BLOCKS:
            wide = paired(systems_means, source, prediction, region)
            trained = of_trainings(beside(scores, source, prediction, region), ["metric", "system"], wide.index)
            for metric in dict.fromkeys(wide.columns.get_level_values("metric")):
                complete = wide[metric].dropna()
                means = complete.groupby(level=PHOTOGRAPH, sort=False).mean()
                number, k = means.shape
                if number == 0 or k < 2:
                    continue
                ascending = metric_by_name(metric).direction == "lower"
                of_photograph = means.rank(axis=1, ascending=ascending).to_numpy()
                there = wide[metric].notna().all(axis=1).to_numpy()
                kept = {system: each[there] for (of, system), each in trained.items() if of == metric}
                if kept:
                    by_photograph = complete.index.get_level_values(PHOTOGRAPH)
                    of_each = {
                        [*means].index(system): pd.DataFrame(each).groupby(by_photograph, sort=False).mean().to_numpy()
                        for system, each in kept.items()
                    }
                    low, high = of_mean_ranks(means.to_numpy(), of_each, ascending, prediction, region)
                else:
                    low, high = intervals(of_photograph, prediction, region)
                p_value = friedman(of_photograph) if number >= FEWEST else np.nan
                rows += [
                    (*(source, prediction, region, metric, system, mean), len(complete), number, *ends, p_value)
                    for system, mean, *ends in zip(means, of_photograph.mean(0), low, high, strict=True)
                ]
    return pd.DataFrame(rows, columns=RANKS)


def leaderboard_intervals(scores: pd.DataFrame) -> pd.DataFrame:
    """`aggregation.leaderboard` in long form with an interval of every mean: columns `LEADERBOARD`, its order.

    Composite, whole image, all test sets together; `mean_rank` is the mean over the metrics of the ranks of the means,
    `rank_low` and `rank_high` its interval: all systems' means are taken over the same resampled photographs, and
    ranked anew each time.
    """
    of_trainings_too = one_cell(scores[(scores["prediction"] == "composite") & (scores["region"] == "image")])
    chosen = averaged(of_trainings_too)
    rows, rank_ends = [], _rank_intervals(chosen, of_trainings_too)
    for place in leaderboard(quantitative(chosen)).itertuples():
        mine = chosen[(chosen["system"] == place.system) & (chosen["source"] == place.source)]
        wide = mine.pivot_table(index=[*IMAGE, PHOTOGRAPH], columns="metric", values="value").sort_index()
        photographs = wide.index.get_level_values(PHOTOGRAPH)
        ranges = [metric_by_name(metric).range for metric in wide]
        each = of_trainings_too[
            (of_trainings_too["system"] == place.system) & (of_trainings_too["source"] == place.source)
        ]
        trained = of_trainings(each, ["metric"], wide.index)
        drawn = {"photographs": photographs, "within": ranges, "trainings": by_metric(trained, wide)}
        ends = intervals(wide.to_numpy(), "composite", "image", **drawn)
        for metric, low, high in zip(wide, *ends, strict=True):
            there = wide[metric].notna()
            number = photographs[there].nunique()
            row = (place.system, place.source, metric, wide[metric].mean(), low, high, there.sum(), number)
            rows.append((*row, place.mean_rank, *rank_ends[place.system, place.source]))
    return pd.DataFrame(rows, columns=LEADERBOARD)


def _rank_intervals(chosen: pd.DataFrame, scores: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float]]:
    """(system, source) → ends of the interval of its mean rank, over the images that all have; NaN without enough."""
    wide = chosen.pivot_table(index=[*IMAGE, PHOTOGRAPH], columns=["metric", "system", "source"], values="value")
    wide = wide.dropna()
    places = list(dict.fromkeys((system, source) for _, system, source in wide.columns))
    of, distinct = pd.factorize(wide.index.get_level_values(PHOTOGRAPH))
    if len(distinct) < 2:
        return dict.fromkeys(places, (np.nan, np.nan))
    means = resampled_means(wide.to_numpy(), of, len(distinct), ("ranks of means",))
    effective = effective_number(np.bincount(of))
    trained = of_trainings(scores, ["metric", "system", "source"], wide.index)
    if trained:
        means = _with_trainings(wide, means, effective, trained)
    ranks_of_metrics = []
    for metric in wide.columns.unique("metric"):
        of_places = [wide.columns.get_loc((metric, *place)) for place in places]
        better_first = means[:, of_places] * (-1 if metric_by_name(metric).direction == "higher" else 1)
        ranks_of_metrics.append(stats.rankdata(better_first, axis=1))
    drawn = np.mean(ranks_of_metrics, axis=0)
    outside = (1 - LEVEL) / 2 if trained else outer_share(effective)
    return dict(zip(places, np.quantile(drawn, [outside, 1 - outside], axis=0).T.tolist(), strict=True))


def _with_trainings(
    wide: pd.DataFrame, means: np.ndarray, effective: float, trained: dict[tuple, np.ndarray]
) -> np.ndarray:
    """Resampled means `RESAMPLES`×columns of `wide`, with trainings drawn along, as far apart as Student's t lies.

    They are moved away from the means as far as the quantile of Student's t lies outside that of the normal
    distribution, so that plain percentiles of what is made of them are wide enough.
    """
    moved = np.empty_like(means)
    for place, (key, values) in enumerate(wide.items()):
        here = values.mean()
        away = (means[:, place] - here) * (effective / (effective - 1)) ** 0.5
        freedom = effective - 1
        if key in trained and len(effect := trainings.effect(trained[key])) > 1:
            variances = [float(away.var()), trainings.variance(effect)]
            freedom = trainings.degrees_of_freedom(variances, [freedom, len(effect) - 1])
            away = away + trainings.deviations(effect, RESAMPLES, "ranks of means", *key[1:])
        moved[:, place] = here + widening(freedom) * away
    return moved
