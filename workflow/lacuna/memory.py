"""Too little memory, which libraries say in words of their own, as one kind of error."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

# PyTorch on a GPU, on the CPU under Linux and Windows, through cuBLAS, cuDNN and oneDNN; ONNX Runtime. The word
# "memory" alone is no sign: "an illegal memory access was encountered".
_SIGNS = re.compile(
    r"out of memory|not enough memory|(can't|failed to|unable to) allocate|alloc_(cpu|failed)|bad_?alloc|BFCArena"
    r"|could not create a primitive",
    re.IGNORECASE,
)


@contextmanager
def as_memory_error() -> Iterator[None]:
    """Raise what the block fails with for want of memory as a `MemoryError`, with the library's own words.

    Of an error that another one caused (a graph's, which shortens the words) the cause is looked at.
    """
    try:
        yield
    except Exception as error:
        first = error.__cause__ or error
        if isinstance(first, MemoryError) or _SIGNS.search(str(first)):
            raise MemoryError(str(first)) from None
        raise
