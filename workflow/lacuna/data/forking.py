"""Work on many things at once, in processes that begin as copies of this one: threads would wait for Python's lock."""

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from threading import Thread
from typing import TypeVar

from lacuna.errors import LacunaError

AHEAD = 4  # things a worker, so that memory stays bounded however many there are

T = TypeVar("T")
R = TypeVar("R")


def in_order(function: Callable[[T], R], things: Iterable[T], number: int) -> Iterator[tuple[T, R]]:
    """Each thing and `function` of it, in order, by so many workers; no more than a few a worker are held in memory.

    function: may be a closure, since workers begin as copies of this process; things and results must be ones that
    `pickle` takes. One worker is this process itself. Where a process cannot safely be copied (macOS, Windows), workers
    are threads. Errors: what the function raises, and a `LacunaError` when a worker was killed.
    """
    if number == 1:
        for thing in things:
            yield thing, function(thing)
        return
    waiting = iter(things)
    pool = _pool(function, number)
    try:
        call = function if isinstance(pool, ThreadPoolExecutor) else _call
        ahead = deque((thing, pool.submit(call, thing)) for thing in islice(waiting, AHEAD * number))
        while ahead:
            thing, result = ahead.popleft()
            ahead.extend((following, pool.submit(call, following)) for following in islice(waiting, 1))
            yield thing, result.result()
    except BrokenProcessPool:
        raise LacunaError(
            f"one of {number} processes at work was killed, most likely because memory ran out; run the same command "
            "again with fewer threads"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(function: Callable, number: int) -> Executor:
    if sys.platform != "linux":
        return ThreadPoolExecutor(number)
    context = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(number, context, initializer=_begin, initargs=(function,))


_function: Callable


def _begin(function: Callable) -> None:
    """In a worker: take the function, and end when the process ends that it works for, however that ends.

    Otherwise a worker would outlive a job that is killed, and hold the lock of its result.
    """
    global _function
    _function = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of them; the first ends the others
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()


def _call(thing):
    return _function(thing)
