"""Too little memory, which libraries say in words of their own, as one kind of error; how much a process took; and
whether it keeps what is freed."""

import ctypes
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# PyTorch on a GPU, on the CPU under Linux and Windows, through cuBLAS, cuDNN and oneDNN; ONNX Runtime. The word
# "memory" alone is not a sign: "an illegal memory access was encountered".
_SIGNS = re.compile(
    r"out of memory|not enough memory|(can't|failed to|unable to) allocate|alloc_(cpu|failed)|bad_?alloc|BFCArena"
    r"|could not create a primitive",
    re.IGNORECASE,
)
# Options of glibc's mallopt (malloc.h) and their values: of a process that keeps what is freed (-1: it never trims its
# heap), and those that glibc itself arrives at.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_HELD = {_TRIM_THRESHOLD: -1, _MMAP_MAX: 0}
_RETURNED = {_TRIM_THRESHOLD: 2**26, _MMAP_THRESHOLD: 2**25, _MMAP_MAX: 2**16}


@contextmanager
def as_memory_error() -> Iterator[None]:
    """Raise any out-of-memory error from the block as a `MemoryError`, with the library's own words.

    If the error has a `__cause__` (a graph's error shortens the words), that one is inspected.
    """
    try:
        yield
    except Exception as error:
        first = error.__cause__ or error
        if isinstance(first, MemoryError) or _SIGNS.search(str(first)):
            raise MemoryError(str(first)) from None
        raise


def peak_memory_of_process() -> int:
    """Bytes of this process's largest resident memory."""
    status = Path("/proc/self/status")
    if status.is_file():  # `resource` would count what the process was before it became this program, too
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def hold_freed_memory(held: bool = True) -> None:
    """Whether this process keeps the memory of large tensors when they are freed; without glibc nothing happens.

    By itself, glibc returns blocks above 32 MiB and the end of its heap to the system, which hands them out again page
    by page, filled with zeros, in every step of a training.
    """
    libc = _libc()
    if not hasattr(libc, "mallopt"):
        return
    for option, value in (_HELD if held else _RETURNED).items():
        libc.mallopt(option, value)
    if not held:
        return_freed_memory()


def return_freed_memory() -> None:
    """Return to the system what the C library keeps of freed memory; without glibc nothing happens."""
    libc = _libc()
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def _libc() -> Any:
    return ctypes.CDLL(None) if sys.platform == "linux" else None
