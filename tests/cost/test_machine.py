"""The machine's name, its threads, and memory that is really taken."""

import os
import platform
import subprocess
import sys

import pytest

from lacuna.cost import machine
from lacuna.cost.machine import ResidentPeak, processor, usable_threads


def test_the_processor_has_a_name(tmp_path, monkeypatch):
    assert processor().strip()
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some  Chip 3\n\nmodel name\t: Other\n")
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "cpuinfo")
    assert processor() == "Some Chip 3"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell which processors it gives")
def test_no_more_threads_than_processors():
    assert usable_threads(10_000) == len(os.sched_getaffinity(0))
    assert usable_threads(1) == usable_threads(0) == 1


def printed(program: str) -> list[int]:
    """The numbers that a program prints in a process of its own, where no earlier test holds memory to give back."""
    program = "import gc\nimport numpy as np\nfrom lacuna.cost.machine import ResidentPeak\n" + program
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return [int(line) for line in run.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a process's memory")
def test_the_peak_is_what_was_taken_in_between_and_is_forgotten():
    with_block, without = printed("""
peak = ResidentPeak()
peak.start()
block = np.ones(80 * 2**20, np.uint8)
del block
print(peak.read())
peak.start()
print(peak.read())
""")
    assert 70 * 2**20 < with_block < 120 * 2**20
    assert without < 40 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a process's memory")
def test_garbage_does_not_count_as_held_before():
    (peak,) = printed("""
ring = [np.ones(80 * 2**20, np.uint8)]
ring.append(ring)
del ring
peak = ResidentPeak()
gc.collect()
peak.start()
block = np.ones(80 * 2**20, np.uint8)
print(peak.read())
""")
    assert 70 * 2**20 < peak < 120 * 2**20


SMALL_BLOCKS = """
def small_blocks():
    return [bytes([number % 256]) * 4096 for number in range(80 * 256)]  # 80 MiB that the C library takes off its heap
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives back on demand what it keeps")
def test_a_freed_heap_hides_nothing():
    (peak,) = printed(f"""{SMALL_BLOCKS}
last = small_blocks()[-1]  # what lies above keeps the heap from shrinking by itself
peak = ResidentPeak()
peak.start()
blocks = small_blocks()
print(peak.read())
""")
    assert 70 * 2**20 < peak < 120 * 2**20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives back on demand what it keeps")
def test_a_heap_freed_before_the_start_adds_nothing():
    (peak,) = printed(f"""{SMALL_BLOCKS}
peak = ResidentPeak()
last = small_blocks()[-1]
peak.start()
print(peak.read())
""")
    assert peak < 40 * 2**20


def test_where_the_system_does_not_tell_there_is_no_number(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "STATUS", tmp_path / "nothing")
    peak = ResidentPeak()
    peak.start()
    assert peak.read() is None
