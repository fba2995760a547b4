"""The table of parity: every comparison with somebody else's code leaves a row."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

PARITY = Path(__file__).parents[2] / "results" / "parity.csv"
COLUMNS = ["metric", "input", "ours", "theirs", "difference", "allowed", "their_code"]


@pytest.fixture(scope="session")
def parity(tmp_path_factory) -> Callable[..., None]:
    """`parity(metric, input, ours, theirs, allowed, their_code)`: asserts, and adds a row to `results/parity.csv`.

    Each session writes the table anew; all tests that write it lie in one file, so one process runs them.
    """
    rows = []

    def compare(metric: str, what: str, ours: float, theirs: float, allowed: float, their_code: str) -> None:
        difference = abs(ours - theirs)
        rows.append([metric, what, f"{ours:.9g}", f"{theirs:.9g}", f"{difference:.1e}", f"{allowed:.0e}", their_code])
        assert difference <= allowed, f"{metric} of {what}: {ours} here, {theirs} with {their_code}"

    yield compare
    PARITY.parent.mkdir(exist_ok=True)
    with PARITY.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *rows])
