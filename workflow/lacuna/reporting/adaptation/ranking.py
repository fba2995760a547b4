"""Experiments ranked by their improvement after the last step, with the published improvements beside them."""

from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.reporting.adaptation.experiments import comparable
from lacuna.reporting.adaptation.rows import JOB

PUBLISHED = ["experiment", "steps", "metric", "improvement_percent", "rank"]
COLUMNS = [
    *("system", "source", "test_set", "metric", "region", "rank", "experiment", "steps"),
    *("improvement_percent", "ci_low", "ci_high", "n"),
    *("published_rank", "published_improvement_percent", "published_steps"),
]


def read_published(path: str | Path) -> pd.DataFrame:
    """Table 4.1 of the thesis on test-time training: columns `PUBLISHED`; another file is a `LacunaError`."""
    try:
        return pd.read_csv(path)[PUBLISHED]
    except (OSError, ValueError, KeyError) as error:
        raise LacunaError(f"{path} cannot be read as published improvements ({error}); restore the file") from None


def ranking(table: pd.DataFrame, published: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Columns `COLUMNS`, best first within each system, source, test set, metric and region.

    table: of `improvement.improvements`. metric: the one whose means at step 0 tell what an experiment started from;
    improvements over random weights are not ranked. Equal improvements share the better rank. Published values stand
    beside those of the whole image, of experiments that were not run here too, whose own columns are empty.
    """
    rows = table[table["experiment"].isin(comparable(table, metric))]
    last = rows[rows["step"] == rows.groupby(JOB)["step"].transform("max")].rename(columns={"step": "steps"})
    keys = ["system", "source", "test_set", "metric", "region"]
    ranks = last.groupby(keys)["improvement_percent"].rank(method="min", ascending=False)
    last = last.assign(rank=ranks.astype("Int64"))
    theirs = published.rename(columns={name: f"published_{name}" for name in ("steps", "improvement_percent", "rank")})
    theirs = theirs.assign(region="image").merge(last[keys].drop_duplicates(), on=["metric", "region"])
    joined = last.merge(theirs, how="outer", on=[*keys, "experiment"])
    whole = ("steps", "n", "published_rank", "published_steps")
    joined = joined.astype(dict.fromkeys(whole, "Int64"))
    return joined.sort_values([*keys, "rank", "experiment"], ignore_index=True)[COLUMNS]
