"""The machine's name, its threads, and memory that is really taken."""

import os
import sys

import numpy as np
import pytest

from lacuna.complexity import machine
from lacuna.complexity.machine import ResidentPeak, processor, usable_threads


def test_the_processor_has_a_name(tmp_path, monkeypatch):
    assert processor().strip()
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some  Chip 3\n\nmodel name\t: Other\n")
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "cpuinfo")
    assert processor() == "Some Chip 3"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell which processors it gives")
def test_no_more_threads_than_processors():
    assert usable_threads(10_000) == len(os.sched_getaffinity(0))
    assert usable_threads(1) == usable_threads(0) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a process's memory")
def test_the_peak_is_what_was_taken_in_between_and_is_forgotten():
    peak = ResidentPeak()
    peak.start()
    block = np.ones(80 * 2**20, np.uint8)
    del block
    assert 70 * 2**20 < peak.read() < 120 * 2**20
    peak.start()
    assert peak.read() < 40 * 2**20


def test_where_the_system_does_not_tell_there_is_no_number(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "STATUS", tmp_path / "nothing")
    peak = ResidentPeak()
    peak.start()
    assert peak.read() is None
