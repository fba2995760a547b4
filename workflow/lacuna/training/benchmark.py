"""How fast a system trains: the plain loop of `training/plain.py` beside the engine, in one run."""

import multiprocessing
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lacuna import systems
from lacuna.cost.machine import processor
from lacuna.data.loading import training_batches
from lacuna.metrics.benchmark import make_pictures
from lacuna.systems._counting import FOURIER
from lacuna.training.engine import KEPT_BYTES, quicken
from lacuna.training.plain import Plain, plain_batches

WAYS = ("plain", "engine", "engine_first_pass")
Step = Callable[[], None]


def compare(
    folder: Path,
    backbones: str | Path,
    name: str,
    settings: dict,
    size: int,
    batch_size: int,
    images: int,
    steps: int,
    threads: int,
    repeats: int,
) -> dict:
    """Seconds a step of the ways, in turns of `steps` steps; each includes getting its batch.

    engine: as in training, once the truth's features are kept; engine_first_pass: nothing is kept, as in the first pass
    over a set or with one beyond the memory. `ratio` is plain to engine by elapsed time, `cpu_ratio` by this process'
    processor time (which leaves out the plain loader's two processes); both are of the median turn. MACs are counted
    operator by operator, as the way really computes them; peak memory is that of a process of its own. The loader's
    images a second are those of the engine's loader alone: with pictures in memory, in a mapped file, and decoded every
    time; `loader_ratio` is the slower of the first two to the quickest step.
    """
    torch.set_num_threads(threads)
    pairs = make_pictures(folder, images, size)
    listed = folder / "list.txt"
    listed.write_text("".join(f"{image}\t{mask}\n" for image, mask, _ in pairs))
    peak = _peak_macs()
    loader = {way: batch_size * each for way, each in _loaded(listed, batch_size, folder).items()}
    with ExitStack() as stack:
        ways = _ways(stack, backbones, name, settings, size, batch_size, listed)
        for step in ways.values():  # what is made once; and every picture, flipped or not, is likely to be kept
            for _ in range(2 if step is ways["plain"] else 4 * images // batch_size):
                step()
        elapsed: dict[str, list[float]] = {way: [] for way in WAYS}
        used: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(repeats):
            for way, step in ways.items():
                began = time.perf_counter(), time.process_time()
                for _ in range(steps):
                    step()
                elapsed[way].append((time.perf_counter() - began[0]) / steps)
                used[way].append((time.process_time() - began[1]) / steps)
        macs = {way: _macs(step) for way, step in ways.items()}
    seconds, cpu = ({way: statistics.median(turns) for way, turns in each.items()} for each in (elapsed, used))
    arguments = (str(backbones), name, settings, size, batch_size, str(listed), threads)
    return {
        "ratio": seconds["plain"] / seconds["engine"],
        "ratio_first_pass": seconds["plain"] / seconds["engine_first_pass"],
        "cpu_ratio": cpu["plain"] / cpu["engine"],
        "cpu_ratio_first_pass": cpu["plain"] / cpu["engine_first_pass"],
        "seconds": seconds,
        "cpu_seconds": cpu,
        "images_per_second": {way: batch_size / each for way, each in seconds.items()},
        "loader_images_per_second": loader,
        "loader_ratio": min(loader["memory"], loader["mapped"]) * min(seconds.values()) / batch_size,
        "macs": macs,
        "macs_per_second": {way: macs[way] / seconds[way] for way in WAYS},
        "peak_macs_per_second": peak,
        "share_of_peak": {way: macs[way] / seconds[way] / peak for way in WAYS},
        "peak_memory": {way: _peak_memory(way, arguments) for way in WAYS[:2]},
        "system": name,
        "settings": settings,
        "size": size,
        "batch_size": batch_size,
        "images": images,
        "steps": steps,
        "repeats": repeats,
        "threads": threads,
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }


def _loaded(listed: Path, batch_size: int, folder: Path) -> dict[str, float]:
    """Batches a second of the loader alone, by where its pictures are."""
    places: dict[str, dict] = {
        "memory": {},
        "mapped": {"cache_bytes": 0, "scratch": folder / "decoded"},
        "decoding": {"cache_bytes": 0},
    }
    found = {}
    for place, options in places.items():
        with closing(training_batches(listed, batch_size, seed=0, **options)) as batches:
            found[place] = batches_per_second(batches, 200)
    return found


def _ways(
    stack: ExitStack, backbones, name: str, settings: dict, size: int, batch_size: int, listed: Path, which=WAYS
) -> dict[str, Step]:
    """What does one step of each way, its batch included."""

    def system() -> Any:
        torch.manual_seed(0)
        made = systems.create(name, **{"image_size": size, **settings})
        made.load_backbones(backbones, torch.device("cpu"))
        for module in made.modules().values():
            module.train()
        return made

    found: dict[str, Step] = {}
    if "plain" in which:
        plain, batches = Plain(system()), stack.enter_context(closing(plain_batches(listed, batch_size)))
        found["plain"] = lambda: _discard(plain.step(*next(batches)))
    if "engine" not in which:
        return found
    engine = system()
    optimizers = engine.optimizers()
    quicken(engine, optimizers)
    quick_batches = stack.enter_context(closing(training_batches(listed, batch_size, seed=0)))

    def step(limit: int) -> None:
        engine.kept.limit = limit
        image, mask = (each.contiguous(memory_format=torch.channels_last) for each in next(quick_batches))
        engine.before_step(0, 0.0, optimizers)
        engine.training_step(image, mask, optimizers, Tensor.backward)

    return found | {"engine": lambda: step(KEPT_BYTES), "engine_first_pass": lambda: step(0)}


def _discard(_) -> None:
    """A step returns nothing."""


def _macs(step: Step) -> int:
    with FlopCounterMode(display=False, custom_mapping=FOURIER) as counter:
        step()
    return counter.get_total_flops() // 2


def _peak_macs(side: int = 1536) -> float:
    """MACs a second of a large product of matrices: what this machine does at best in single precision."""
    a, b = torch.randn(2, side, side)
    turns = []
    for _ in range(5):
        began = time.perf_counter()
        a @ b
        turns.append(time.perf_counter() - began)
    return side**3 / min(turns)


def _peak_memory(way: str, arguments: tuple) -> int:
    """Bytes of a process that does three steps of one way."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_alone, way, arguments).result()


def _alone(way: str, arguments: tuple) -> int:
    backbones, name, settings, size, batch_size, listed, threads = arguments
    torch.set_num_threads(threads)
    with ExitStack() as stack:
        step = _ways(stack, backbones, name, settings, size, batch_size, Path(listed), (way,))[way]
        for _ in range(3):
            step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def batches_per_second(batches: Iterator, number: int) -> float:
    """How many batches a loader alone makes in a second, after the first."""
    next(batches)
    began = time.perf_counter()
    for _ in range(number):
        next(batches)
    return number / (time.perf_counter() - began)
