"""Too little memory, which libraries say in words of their own, as one kind of error; and how much was taken."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# PyTorch on a GPU, on the CPU under Linux and Windows, through cuBLAS, cuDNN and oneDNN; ONNX Runtime. The word
# "memory" alone is not a sign: "an illegal memory access was encountered".
_SIGNS = re.compile(
    r"out of memory|not enough memory|(can't|failed to|unable to) allocate|alloc_(cpu|failed)|bad_?alloc|BFCArena"
    r"|could not create a primitive",
    re.IGNORECASE,
)


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
