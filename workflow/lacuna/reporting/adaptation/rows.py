"""Rows of adapted pictures, from the files that the rule `adapt` wrote."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.metrics.features import read_features
from lacuna.reporting.aggregation import rows_of

JOB = ["experiment", "system", "source", "test_set"]
ROWS = [*JOB, "image", "photograph", "step", "metric", "region", "value"]
POLICIES = ["always", "never", "chosen", "oracle"]
CHOICES = [*JOB, "image", "photograph", "keep", "metric", "region", *POLICIES]


def read_rows(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Scores of the composites of every picture and evaluated step: columns `ROWS`, sorted."""
    rows = rows_of(paths, ROWS, "rows of adapted pictures", "adapt")[ROWS]
    if not rows.empty and not rows["step"].eq(0).any():
        raise LacunaError("the rows of the adaptation have no step 0 to improve on; run the rule 'adapt' again")
    return rows.sort_values(ROWS[:-1], ignore_index=True)


def read_choices(paths: Sequence[str | Path]) -> pd.DataFrame:
    """What each policy leaves of every picture: columns `CHOICES`, sorted."""
    rows = rows_of(paths, CHOICES, "rows of adapted pictures", "adapt")[CHOICES]
    return rows.sort_values([*JOB, "image", "metric", "region"], ignore_index=True)


def read_features_of(adapted: Sequence[str | Path], truths: Sequence[str | Path]) -> tuple[dict, dict]:
    """(experiment, system, source, test set) → features by step, and test set → features of the true pictures.

    adapted: files `…/<experiment>/<system>/<source>/<test_set>/features.safetensors`; truths:
    `…/<test_set>.safetensors`.
    """
    of = {tuple(Path(path).absolute().parts[-5:-1]): read_features(path) for path in adapted}
    return of, {Path(path).stem: read_features(path) for path in truths}
