"""What a process took of memory is its own, not what its parent had when it began."""

import subprocess
import sys

from lacuna.memory import peak_memory_of_process


def test_the_peak_is_that_of_this_program_alone():
    large = b"x" * (500 * 2**20)
    asked = "from lacuna.memory import peak_memory_of_process; print(peak_memory_of_process())"
    child = int(subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout)
    assert peak_memory_of_process() > len(large) and 5 * 2**20 < child < 200 * 2**20
