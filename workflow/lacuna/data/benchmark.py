"""How the cost of staging grows with the number of images: drawn pictures, each number in a process of its own."""

import math
import multiprocessing
import os
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from lacuna.data.staging import stage
from lacuna.memory import peak_memory_of_process


def compare(folder: Path, fewest: int, most: int, counts: int, size: int, threads: int) -> dict:
    """Seconds, processor time and peak memory of staging `counts` numbers of images from `fewest` to `most`.

    Processor time and memory are of the process and its workers together; what they share in memory counts once.
    size: the images' side in pixels; they are drawn as `image_sources/dead_leaves.py` says. Returns `{rows, exponent,
    exponent_wall, memory_ratio, …}`: the exponents are slopes of the logarithms by least squares, 1 where twice as many
    images take twice as long; memory_ratio is the largest peak over the smallest.
    """
    numbers = sorted({round(fewest * (most / fewest) ** (i / max(1, counts - 1))) for i in range(counts)})
    context, rows = multiprocessing.get_context("spawn"), []
    for number in numbers:
        with ProcessPoolExecutor(1, mp_context=context) as alone:
            job = alone.submit(_staged, str(folder / str(number)), number, size, threads)
            peak = _peak_while(job)
            rows.append(job.result() | ({"peak_megabytes": peak / 1e6} if peak else {}))
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
        "peak_megabytes": peak_memory_of_process() / 1e6,
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


def _peak_while(job: Future) -> int:
    """Bytes of the largest memory of all processes below this one while a job runs; 0 where the system does not say.

    What processes share counts once (the proportional set size of Linux), ten times a second.
    """
    largest = 0
    while not job.done():
        largest = max(largest, sum(map(_shared_once, _below(os.getpid()))))
        time.sleep(0.1)
    return largest


def _below(process: int) -> list[int]:
    found = []
    for tasks in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(child) for child in tasks.read_text().split()]
        except OSError:  # it has just ended
            continue
        found += [each for child in children for each in (child, *_below(child))]
    return found


def _shared_once(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:  # it has just ended
        return 0
    return int(text.partition("\nPss:")[2].split()[0]) * 1024


def _slope(numbers: list[int], values: list[float]) -> float | None:
    """Of log(values) over log(numbers), by least squares; None of one number."""
    if len(numbers) < 2:
        return None
    x, y = [math.log(number) for number in numbers], [math.log(value) for value in values]
    mean = sum(x) / len(x)
    return sum((a - mean) * b for a, b in zip(x, y, strict=True)) / sum((a - mean) ** 2 for a in x)
