"""Who and what agrees: voters with each other, metrics with votes, metrics with metrics.

Agreement is always about the same question: which of two fills of one hole is better? It is the share of questions on
which both say the same; where one of them sees no difference, that is half. Chance gives one half.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.bootstrap import intervals
from lacuna.reporting.statistics import BLOCKS, IMAGE, PHOTOGRAPH
from lacuna.reporting.votes.crossed import share

VOTERS = ["voter", "votes", "ties", "left", "agreement", "low", "high", "by_chance", "n"]
WITH_VOTES = ["prediction", "region", "metric", "agreement", "low", "high", "n", "voters", "photographs"]
OF_METRICS = ["prediction", "region", "metric_a", "metric_b", "agreement", "low", "high", "n", "photographs"]
ALL = "all voters"


def alike(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """1 where two judgements (1, 0, −1) are the same, 0 where they are opposite, ½ between."""
    return 1 - np.abs(np.asarray(first) - np.asarray(second)) / 2


def by_chance(choices: np.ndarray) -> float:
    """The agreement of judges who see ties as often as these do and otherwise throw a coin."""
    ties = float((np.asarray(choices) == 0).mean())
    return ties**2 + ties * (1 - ties) + (1 - ties) ** 2 / 2


def voters(votes: pd.DataFrame) -> pd.DataFrame:
    """Every voter and all together: columns `VOTERS`.

    agreement: over all pairs of voters with this one on one question, `n` of them, with its interval (bootstrap over
    photographs); NaN without any. left: share of decided votes for the fill on the left, which shows a habit.
    """
    pairs = _pairs(votes)
    rows = []
    for voter in [ALL, *sorted(votes["voter"].unique())]:
        mine = votes if voter == ALL else votes[votes["voter"] == voter]
        of = pairs if voter == ALL else pairs[(pairs["first"] == voter) | (pairs["second"] == voter)]
        low = high = np.nan
        if len(of):
            ends = intervals(of[["alike"]].to_numpy(), "voters", voter, photographs=of[PHOTOGRAPH], within=(0, 1))
            low, high = (end.item() for end in ends)
        rows.append(
            {
                "voter": voter,
                "votes": len(mine),
                "ties": (mine["choice"] == 0).mean(),
                "left": mine["chose_left"].mean(),
                "agreement": of["alike"].mean() if len(of) else np.nan,
                "low": low,
                "high": high,
                "by_chance": by_chance(mine["choice"]),
                "n": len(of),
            }
        )
    return pd.DataFrame(rows)[VOTERS]


def _pairs(votes: pd.DataFrame) -> pd.DataFrame:
    """Every two voters on every question that both answered: columns first, second, photograph, alike."""
    rows = []
    for _, same in votes.groupby("question", sort=True):
        for one, other in combinations(same.itertuples(), 2):
            rows.append((one.voter, other.voter, one.photograph, alike(one.choice, other.choice)))
    return pd.DataFrame(rows, columns=["first", "second", PHOTOGRAPH, "alike"])


def _wide(scores: pd.DataFrame, prediction: str, region: str) -> pd.DataFrame:
    """Scores, higher always better: index `IMAGE` and photograph, columns (metric, system, source); NaN: none."""
    chosen = scores[(scores["prediction"] == prediction) & (scores["region"] == region) & scores["value"].notna()]
    wide = chosen.pivot_table(index=[*IMAGE, PHOTOGRAPH], columns=["metric", "system", "source"], values="value")
    signs = [-1 if metric_by_name(metric).direction == "lower" else 1 for metric, *_ in wide.columns]
    return (wide * signs).sort_index(axis=0).sort_index(axis=1)


def metrics_with_votes(votes: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """How often every metric prefers the fill that the voter preferred: columns `WITH_VOTES`, best first in a block.

    Ties of voters are left out, `n` is the number of the others. `scores`: see `aggregation.with_photographs`.
    """
    decided = votes[votes["choice"] != 0]
    rows = []
    for prediction, region in BLOCKS:
        wide = _wide(scores, prediction, region).droplevel(PHOTOGRAPH)
        for metric in wide.columns.unique("metric"):
            better = np.array([_preferred(wide[metric], vote) for vote in decided.itertuples()])
            there = np.isfinite(better)
            if not there.any():
                continue
            of = decided[there]
            values = alike(better[there], of["choice"])
            found = share(values, of["photograph"].to_numpy(), of["voter"].to_numpy())
            numbers = (len(of), of["voter"].nunique(), of["photograph"].nunique())
            rows.append((prediction, region, metric, *found, *numbers))
    table = pd.DataFrame(rows, columns=WITH_VOTES)
    block = table["region"].map({region: place for place, (_, region) in enumerate(BLOCKS)})
    order = table.assign(block=block).sort_values(["block", "agreement", "metric"], ascending=[True, False, True])
    return order[WITH_VOTES].reset_index(drop=True)


def _preferred(wide: pd.DataFrame, vote) -> float:
    """1 where the metric prefers fill a of a vote, −1 for b, 0 for neither, NaN without a score of both."""
    place = (vote.test_set, vote.image, vote.mask)
    columns = [(vote.system_a, vote.source_a), (vote.system_b, vote.source_b)]
    if place not in wide.index or any(column not in wide.columns for column in columns):
        return float("nan")
    a, b = wide.loc[place, columns]
    return float(np.sign(a - b))


def metrics_with_metrics(scores: pd.DataFrame) -> pd.DataFrame:
    """How often two metrics prefer the same of two fills, over all images and all pairs of contestants that both have.

    Columns `OF_METRICS`; every two metrics once. Intervals: bootstrap over photographs; `n` counts images.
    """
    rows = []
    for prediction, region in BLOCKS:
        wide = _wide(scores, prediction, region)
        found = {(a, b): _alike_by_image(wide[a], wide[b]) for a, b in combinations(wide.columns.unique("metric"), 2)}
        for (a, b), of_image in found.items():
            if of_image.empty:
                continue
            photographs = of_image.index.get_level_values(PHOTOGRAPH)
            ends = intervals(of_image.to_numpy()[:, None], "metrics", photographs=photographs, within=(0, 1))
            numbers = (len(of_image), photographs.nunique())
            rows.append((prediction, region, a, b, of_image.mean(), *(end.item() for end in ends), *numbers))
    return pd.DataFrame(rows, columns=OF_METRICS)


def _alike_by_image(first: pd.DataFrame, second: pd.DataFrame) -> pd.Series:
    """The agreement on each image, over pairs of contestants; images without two contestants are left out."""
    total, number = np.zeros(len(first)), np.zeros(len(first))
    for one, other in _pairs_of([column for column in first if column in second]):
        same = alike(np.sign(first[one] - first[other]), np.sign(second[one] - second[other]))
        there = np.isfinite(same)
        total += np.where(there, same, 0)
        number += there
    kept = number > 0
    return pd.Series(total[kept] / number[kept], index=first.index[kept])


def _pairs_of(columns: list) -> Iterator[tuple]:
    yield from combinations(columns, 2)
