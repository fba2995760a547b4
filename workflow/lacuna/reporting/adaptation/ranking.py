"""Experiments ranked by their improvement after the last step, with the published improvements beside them."""

import pandas as pd

from lacuna.reporting.adaptation.experiments import comparable
from lacuna.reporting.adaptation.rows import JOB

COLUMNS = [
    *("system", "source", "test_set", "metric", "region", "rank", "experiment", "steps"),
    *("improvement_percent", "ci_low", "ci_high", "n"),
    *("published_rank", "published_improvement_percent", "published_steps"),
]


def ranking(table: pd.DataFrame, published: pd.DataFrame, settings: dict) -> pd.DataFrame:
    """Columns `COLUMNS`, best first within each system, source, test set, metric and region.

    table: of `improvement.improvements`. published: improvements, from `published.read_published`. Improvements over
    random weights are not ranked. Equal improvements share the better rank. Published values stand beside those of the
    whole image, of experiments that were not run here too, whose own columns are empty.
    """
    rows = table[table["experiment"].isin(comparable(settings))]
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
