"""A large comparison is planned in seconds of the processor, and its second start finds nothing to do in seconds."""

import pytest

from tests.benchmarks.plan_time import measured

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def test_twenty_systems_four_sources_and_twelve_test_sets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = measured(tmp_path, 20, 4, 12, 1)
    assert found["jobs"] > 1267
    assert found["first"]["processor_seconds"] < 10 and found["second"]["processor_seconds"] < 15


def test_the_same_under_three_families_of_masks(tmp_path, monkeypatch):
    """Without scores of sets, as in the default comparison."""
    monkeypatch.chdir(tmp_path)
    found = measured(tmp_path, 20, 4, 12, 3, twice=False, set_metrics=[])
    assert found["jobs"] > 3 * 1000 and found["first"]["processor_seconds"] < 15
