"""The statistics of a million rows, in a process of its own."""

import os
import re
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_a_million_rows_take_less_than_a_minute_and_two_gibibytes():
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.million_rows"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    rows, seconds, peak = map(float, re.search(r"(\d+) rows: (\S+) s, at most (\S+) GiB", done.stdout).groups())
    assert rows > 950_000, done.stdout
    assert seconds < 60 and peak < 2, done.stdout
