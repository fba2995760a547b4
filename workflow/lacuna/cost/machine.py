"""The machine that is measured on: its processor, and how much memory this process takes of it."""

import gc
import os
import platform
import re
from pathlib import Path

from lacuna.memory import return_freed_memory

STATUS, CLEAR_REFS, CPU_INFO = Path("/proc/self/status"), Path("/proc/self/clear_refs"), Path("/proc/cpuinfo")


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    if CPU_INFO.is_file():
        named = re.search(r"^model name\s*:\s*(.+)$", CPU_INFO.read_text(), re.MULTILINE)
        if named:
            return " ".join(named[1].split())
    return platform.processor() or platform.machine()


def usable_threads(threads: int) -> int:
    """`threads`, but not more than this process may use processors: more of them only wait for each other."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(threads, allowed))


class ResidentPeak:
    """Bytes of memory that the process takes beyond what it held when this was made. Linux tells; elsewhere: None.

    What was held and is given back afterwards would hide as much of what is taken: measure in a process that has
    done little else.
    """

    def __init__(self):
        _give_back()
        self.before = _kilobytes("VmRSS")

    def start(self) -> None:
        """From now on the peak is looked for."""
        if self.before is not None:
            _give_back()
            CLEAR_REFS.write_text("5")  # the kernel's "forget the peak"

    def read(self) -> int | None:
        """The peak since `start`, less what was there in the beginning; never below 0."""
        peak = None if self.before is None else _kilobytes("VmHWM")
        return None if self.before is None or peak is None else 1024 * max(0, peak - self.before)


def _give_back() -> None:
    """Return to the system what nobody holds any longer: it would hide as much of what is taken next, or add to it.

    The C library keeps freed memory until it is told not to: after a network in PyTorch, tens of megabytes.
    """
    gc.collect()
    return_freed_memory()


def _kilobytes(name: str) -> int | None:
    if not (STATUS.is_file() and os.access(CLEAR_REFS, os.W_OK)):
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    return int(found[1]) if found else None
