"""How long a call takes, and how that varies."""

import time
from collections.abc import Callable

import numpy as np

from lacuna.errors import LacunaError
from lacuna.memory import as_memory_error

LEAST, MOST = 5, 100  # repeats


def timed(call: Callable[[], object], seconds: float, warm_up: bool = True) -> dict:
    """`median_ms`, `q1_ms`, `q3_ms` (milliseconds a call) and `repeats`.

    Repeated for `seconds`, but `LEAST` times at least and `MOST` times at most. warm_up: one call before, not timed;
    without it a single call is timed and is all: for work of minutes, whose first call is as fast as the next.
    `call` returns when its work is done (a GPU waited for).
    """
    least, most = (LEAST, MOST) if warm_up else (1, 1)
    if warm_up:
        call()
    taken: list[float] = []
    while len(taken) < least or (len(taken) < most and sum(taken) < seconds):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    first, median, third = (float(value) for value in np.quantile(taken, (0.25, 0.5, 0.75)) * 1000)
    return {"median_ms": median, "q1_ms": first, "q3_ms": third, "repeats": len(taken)}


def batches_that_fit(attempt: Callable[[int], dict], largest: int, what: str) -> list[dict]:
    """What `attempt` returns for batch 1 and for the largest of `largest`, its half, its quarter … that fits.

    A batch does not fit if `attempt` runs out of memory. If not even 1 does: a `LacunaError` about `what`.
    """

    def tried(batch: int) -> dict:
        with as_memory_error():
            return attempt(batch)

    try:
        rows = [tried(1)]
    except MemoryError as error:
        reason = " ".join(str(error).split())[:300]
        raise LacunaError(
            f"not enough memory for one picture in {what} ({reason}); choose a smaller image_size"
        ) from None
    while largest > 1:
        try:
            return [*rows, tried(largest)]
        except MemoryError:
            largest //= 2
    return rows
