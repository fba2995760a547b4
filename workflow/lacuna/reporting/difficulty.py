"""When does a method fail? Its error in the hole as a linear function of what may make the hole hard to fill.

Least squares over all test images, once for each contestant; factors are in units of their standard deviation over all
images, so that slopes can be compared. Intervals are those of the bootstrap over photographs (`bootstrap.py`): sums of
products are resampled, and the equations are solved anew each time.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lacuna.errors import LacunaError
from lacuna.metrics.factors import FACTORS
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.aggregation import read_table
from lacuna.reporting.bootstrap import intervals_of
from lacuna.reporting.examples import PREDICTION, REGION

REGRESSION = [
    *("system", "source", "metric", "factor", "slope", "low", "high"),
    *("slope_alone", "low_alone", "high_alone", "explained", "n", "photographs"),
]
SPARE = 6  # photographs more than factors, below which no slopes beside each other are told apart


def read_holes(paths: Sequence[str | Path]) -> pd.DataFrame:
    """All descriptions of holes: image, mask and one column a factor; a broken file is a `LacunaError`."""
    tables = []
    for path in paths:
        table = read_table(path)
        missing = [name for name in ("image", "mask", *FACTORS) if name not in table]
        if missing:
            raise LacunaError(f"{path} has no column '{missing[0]}'; run the rule 'describe_holes' again")
        tables.append(table)
    return pd.concat(tables, ignore_index=True).drop_duplicates(["image", "mask"])


def errors(scores: pd.DataFrame, holes: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Scores of composites in the hole by a metric, with the factors of each hole; `error` is higher where it is worse.

    `scores`: see `aggregation.with_photographs`. Images whose factors are not all known are left out.
    """
    chosen = scores[(scores["metric"] == metric) & (scores["prediction"] == PREDICTION) & (scores["region"] == REGION)]
    found = chosen.drop(columns="coverage").merge(holes, on=["image", "mask"], how="left", validate="many_to_one")
    sign = 1 if metric_by_name(metric).direction == "lower" else -1
    return found.assign(error=sign * found["value"]).dropna(subset=["value", *FACTORS])


def regression(scores: pd.DataFrame, holes: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Slopes of the error of every contestant, per standard deviation of a factor: columns `REGRESSION`.

    slope: with the other factors held; NaN where there are fewer than factors + `SPARE` photographs. slope_alone: of
    the factor by itself. explained: share of the variance of the errors that all factors together explain. A factor
    that is the same in all images has no row.
    """
    rows = errors(scores, holes, metric)
    images = rows.drop_duplicates(["image", "mask"])
    spread = images[list(FACTORS)].std(ddof=0)
    factors = [name for name in FACTORS if spread[name] > 1e-12]
    found: list[dict] = []
    for (system, source), mine in rows.groupby(["system", "source"], sort=True):
        mine = mine.sort_values(["test_set", "image", "mask"])
        scaled = (mine[factors] - images[factors].mean()) / spread[factors]
        of = _slopes(scaled.to_numpy(), mine["error"].to_numpy(), mine["photograph"].to_numpy())
        names = {"system": system, "source": source, "metric": metric}
        numbers = {"n": len(mine), "photographs": mine["photograph"].nunique()}
        found += [names | {"factor": name} | facts | numbers for name, facts in zip(factors, of, strict=True)]
    return pd.DataFrame(found, columns=REGRESSION)


def _slopes(scaled: np.ndarray, error: np.ndarray, photographs: np.ndarray) -> list[dict]:
    """Of N×F factors and N errors: what `REGRESSION` says of each factor."""
    number = scaled.shape[1]
    design = np.column_stack([np.ones(len(error)), scaled, error])
    products = np.einsum("ni,nj->nij", design, design).reshape(len(error), -1)

    def solved(means: np.ndarray) -> np.ndarray:
        """Mean products …×(F+2)² → slopes beside each other, then alone: …×2F."""
        square = means.reshape(*means.shape[:-1], number + 2, number + 2)
        inner, with_error = square[..., :-1, :-1], square[..., :-1, -1]
        # the least bit on the diagonal lets a resample be solved in which factors go together exactly
        together = np.linalg.solve(inner + 1e-9 * np.eye(number + 1), with_error[..., None])[..., 1:, 0]
        variance = np.diagonal(inner, axis1=-2, axis2=-1)[..., 1:] - inner[..., 0, 1:] ** 2
        covariance = with_error[..., 1:] - inner[..., 0, 1:] * with_error[..., :1]
        # a resample in which a factor does not vary says nothing of its slope
        alone = np.divide(covariance, variance, out=np.zeros_like(covariance), where=variance > 1e-9)
        return np.concatenate([together, alone], axis=-1)

    here = solved(products.mean(axis=0))
    low, high = intervals_of(solved, products, "difficulty", photographs=photographs)
    enough = len(set(photographs)) >= number + SPARE
    fitted = scaled @ here[:number]
    explained = 1 - np.var(error - fitted) / np.var(error) if np.var(error) > 0 else np.nan
    found = []
    for place in range(number):
        alone = place + number
        slopes = (here[place], low[place], high[place]) if enough else (np.nan,) * 3
        found.append(
            dict(zip(("slope", "low", "high"), slopes, strict=True))
            | {"slope_alone": here[alone], "low_alone": low[alone], "high_alone": high[alone]}
            | {"explained": explained if enough else np.nan}
        )
    return found
