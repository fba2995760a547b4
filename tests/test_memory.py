"""What a process took of memory is its own, not what its parent had when it began; and it may keep what is freed."""

import platform
import resource
import subprocess
import sys

import pytest
import torch

from lacuna.memory import hold_freed_memory, peak_memory_of_process


def test_the_peak_is_that_of_this_program_alone():
    large = b"x" * (500 * 2**20)
    asked = "from lacuna.memory import peak_memory_of_process; print(peak_memory_of_process())"
    child = int(subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout)
    assert peak_memory_of_process() > len(large) and 5 * 2**20 < child < 200 * 2**20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that returns memory to the system")
def test_memory_that_is_freed_is_not_taken_from_the_system_again():
    def pages_taken() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            torch.ones(10 * 2**20)  # 40 MiB
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    hold_freed_memory()
    try:
        pages_taken()
        held = pages_taken()
    finally:
        hold_freed_memory(False)
    assert 20 * held < pages_taken()
