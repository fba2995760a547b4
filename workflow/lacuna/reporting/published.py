"""Published means beside ours."""

from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError

PUBLISHED = ["source", "test_set", "metric", "system", "value", "n"]
COMPARISON = ["source", "test_set", "metric", "system", "published", "published_n", "ours", "ours_n", "difference"]
OUR_NAMES = {"lpips": "lpips_alex"}  # papers seldom name the network


def read_published(path: str | Path) -> pd.DataFrame:
    """Published means with columns `PUBLISHED`; an unreadable file or a missing column is a `LacunaError`."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise LacunaError(f"{path} cannot be read as published means ({error}); give a CSV or leave it out") from None
    missing = [name for name in PUBLISHED if name not in table]
    if missing:
        raise LacunaError(f"{path} has no column '{missing[0]}'; published means need {', '.join(PUBLISHED)}")
    return table


def nothing() -> pd.DataFrame:
    """No published means, in the form of `read_published`."""
    text = dict.fromkeys(PUBLISHED[:4], "str")
    return pd.DataFrame(columns=PUBLISHED).astype({**text, "value": float, "n": int})


def compare(published: pd.DataFrame, quantitative: pd.DataFrame) -> pd.DataFrame:
    """Rows that both have, joined by source, test set, system and metric: columns `COMPARISON`, sorted.

    Ours are composites on the whole image, from `aggregation.quantitative`; `difference` is ours − published.
    """
    keys = ["source", "test_set", "metric", "system"]
    theirs = published.rename(columns={"value": "published", "n": "published_n"}).replace({"metric": OUR_NAMES})
    chosen = quantitative[(quantitative["prediction"] == "composite") & (quantitative["region"] == "image")]
    ours = chosen.rename(columns={"mean": "ours", "n": "ours_n"})[[*keys, "ours", "ours_n"]]
    joined = theirs.merge(ours, on=keys, validate="one_to_one")
    return joined.assign(difference=joined["ours"] - joined["published"])[COMPARISON].sort_values(
        keys, ignore_index=True
    )
