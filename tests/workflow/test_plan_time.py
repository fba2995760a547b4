"""A large comparison is planned in seconds of the processor, and its second start finds nothing to do in seconds."""

import pytest

from tests.benchmarks.plan_time import measured


@pytest.mark.slow
@pytest.mark.parametrize(("families", "most", "jobs"), [(1, 10, 1267), (3, 15, 3 * 1000)])
def test_twenty_systems_four_sources_and_twelve_test_sets(families, most, jobs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = measured(tmp_path, 20, 4, 12, families)
    assert found["jobs"] > jobs
    assert found["first"]["processor_seconds"] < most and found["second"]["processor_seconds"] < 15
