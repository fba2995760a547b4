"""Scores of whole sets (FID, KID, U-IDS, P-IDS) as a tidy table."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.metrics.set_scoring import COLUMNS


def read_set_scores(paths: Sequence[str | Path]) -> pd.DataFrame:
    """The rows of all files that `lacuna step score_set` wrote: columns `COLUMNS`, sorted; no file: an empty table.

    A file that is unreadable or lacks a column is a `LacunaError`.
    """
    tables = []
    for path in paths:
        try:
            tables.append(pd.read_parquet(path)[COLUMNS])
        except (OSError, ValueError, KeyError) as error:
            raise LacunaError(
                f"{path} cannot be read as scores of sets ({error}); run the rule 'score_set' again"
            ) from None
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(tables).astype({"n": int}).sort_values(COLUMNS[:5], ignore_index=True)
