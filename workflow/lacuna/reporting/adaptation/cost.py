"""What adapting costs, from the records of its jobs."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.reporting.adaptation.rows import JOB

COLUMNS = [*JOB, "steps", "n", "seconds_mean", "seconds_median", "peak_memory_bytes", "device"]


def costs(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Columns `COLUMNS`, sorted, of files `…/<experiment>/<system>/<source>/<test_set>/record.json`."""
    found = []
    for path in paths:
        record, key = read_json(path), Path(path).absolute().parts[-5:-1]
        missing = [name for name in COLUMNS[4:] if name not in record]
        if missing:
            raise LacunaError(f"{path} does not say '{missing[0]}'; run the rule 'adapt' again")
        found.append(dict(zip(JOB, key, strict=True)) | {name: record[name] for name in COLUMNS[4:]})
    return pd.DataFrame(found, columns=COLUMNS).sort_values(JOB, ignore_index=True)
