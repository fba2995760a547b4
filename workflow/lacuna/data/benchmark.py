"""How the cost of staging grows with the number of images: drawn pictures, each number in a process of its own."""

import math
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from lacuna.data.staging import stage


def compare(folder: Path, fewest: int, most: int, counts: int, size: int, threads: int) -> dict:
    """Seconds, processor time and peak memory of staging `counts` numbers of images from `fewest` to `most`.

    Processor time and memory are of the process and its workers together, memory without what is shared counted once.
    size: the images' side in pixels; they are drawn as `image_sources/dead_leaves.py` says. Returns `{rows, exponent,
    exponent_wall, memory_ratio, …}`: the exponents are slopes of the logarithms by least squares, 1 where twice as many
    images take twice as long; memory_ratio is the largest peak over the smallest.
    """
    numbers = sorted({round(fewest * (most / fewest) ** (i / max(1, counts - 1))) for i in range(counts)})
    context, rows = multiprocessing.get_context("spawn"), []
    for number in numbers:
        with ProcessPoolExecutor(1, mp_context=context) as alone:
            rows.append(alone.submit(_staged, str(folder / str(number)), number, size, threads).result())
    peaks = [row["peak_megabytes"] for row in rows]
    return {
        "size": size,
        "threads": threads,
        "rows": rows,
        "exponent": _slope(numbers, [row["processor_seconds"] for row in rows]),
        "exponent_wall": _slope(numbers, [row["seconds"] for row in rows]),
        "memory_ratio": max(peaks) / min(peaks),
    }


def _staged(folder: str, number: int, size: int, threads: int) -> dict:
    settings = {"name": "leaves", "kind": "dead_leaves", "number": number, "seed": 0, "crop": "center"}
    _stage({**settings, "number": 8}, folder, size, threads)  # what is imported and set up once is not counted
    began, used = time.perf_counter(), _processor_seconds()
    _stage(settings, folder, size, threads)
    seconds, processor = time.perf_counter() - began, _processor_seconds() - used
    return {
        "images": number,
        "seconds": seconds,
        "processor_seconds": processor,
        "images_per_second": number / seconds,
        "images_per_processor_second": number / processor,
        "peak_megabytes": (_peak() + _peak_of_workers(threads)) / 1e6,
    }


def _stage(settings: dict, folder: str, size: int, threads: int) -> None:
    from contextlib import redirect_stdout
    from io import StringIO

    with redirect_stdout(StringIO()):
        stage({**settings, "image_size": size}, Path(folder, "index.csv"), threads)


def _processor_seconds() -> float:
    """Of this process and of its workers that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak() -> int:
    """Bytes of the process's largest resident memory."""
    status = Path("/proc/self/status")
    if status.is_file():  # `resource` would count what the process was before it became this program, too
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _peak_of_workers(threads: int) -> int:
    """Bytes of as many workers as there are, each as large as the largest was; what they share counts in each."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return threads * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit


def _slope(numbers: list[int], values: list[float]) -> float | None:
    """Of log(values) over log(numbers), by least squares; None of one number."""
    if len(numbers) < 2:
        return None
    x, y = [math.log(number) for number in numbers], [math.log(value) for value in values]
    mean = sum(x) / len(x)
    return sum((a - mean) * b for a, b in zip(x, y, strict=True)) / sum((a - mean) ** 2 for a in x)
