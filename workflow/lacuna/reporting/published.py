"""The published numbers that ours stand beside, and means beside ours."""

from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError

# What a file of `workflow/published` holds → its columns.
PUBLISHED = {
    "means": ["source", "test_set", "metric", "system", "value", "n"],
    "counts": ["system", "parameters", "macs", "note"],
    "results": ["system", "data", "size", "bin", "metric", "region", "value", "n", "origin", "differs"],
    "improvements": ["experiment", "steps", "metric", "improvement_percent", "rank"],
}
BESIDE = [
    *("system", "data", "size", "origin", "differs", "source", "test_set", "metric", "region", "bin"),
    *("published", "published_n", "ours", "ours_n", "difference"),
]
COMPARISON = ["source", "test_set", "metric", "system", "published", "published_n", "ours", "ours_n", "difference"]
OUR_NAMES = {"lpips": "lpips_alex"}  # papers seldom name the network


def read_published(path: str | Path, what: str) -> pd.DataFrame:
    """What a key of `PUBLISHED` names, with its columns; an unreadable file or a missing column is a `LacunaError`."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise LacunaError(f"{path} cannot be read as published {what} ({error}); restore the file") from None
    missing = [name for name in PUBLISHED[what] if name not in table]
    if missing:
        raise LacunaError(f"{path} has no column '{missing[0]}', which published {what} need; restore the file")
    return table[PUBLISHED[what]]


def compare(published: pd.DataFrame, quantitative: pd.DataFrame) -> pd.DataFrame:
    """Means that both have, joined by source, test set, system and metric: columns `COMPARISON`, sorted.

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


def beside(published: pd.DataFrame, quantitative: pd.DataFrame, by_coverage: pd.DataFrame, of: dict) -> pd.DataFrame:
    """Published results beside ours: columns `BESIDE`, in the order of the file, then of our sources and test sets.

    of: our test set → the data that the results are of. Those of a bin stand beside ours in that bin, those of all
    holes (bin `all`) beside our mean; ours are composites, from the functions of `aggregation` of these names.
    """
    ours = pd.concat([quantitative.assign(bin="all"), by_coverage])
    ours = ours[ours["prediction"] == "composite"].rename(columns={"mean": "ours", "n": "ours_n"})
    ours = ours.assign(data=ours["test_set"].map(of))
    theirs = published.rename(columns={"value": "published", "n": "published_n"})
    theirs = theirs.assign(bin=theirs["bin"].fillna("all"), line=range(len(theirs)))
    keys = ["system", "data", "metric", "region", "bin"]
    joined = theirs.merge(ours[[*keys, "source", "test_set", "ours", "ours_n"]], on=keys)
    joined = joined.assign(difference=joined["ours"] - joined["published"])
    return joined.sort_values(["line", "source", "test_set"], ignore_index=True)[BESIDE]
