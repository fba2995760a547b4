"""How fast a system trains: the plain loop of `training/plain.py` beside the engine, in one run."""

import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from lacuna import systems
from lacuna.cost.machine import processor
from lacuna.data.loading import training_batches
from lacuna.errors import LacunaError
from lacuna.memory import hold_freed_memory, peak_memory_of_process
from lacuna.metrics.benchmark import make_pictures
from lacuna.nn.devices import in_words, named_device
from lacuna.systems._counting import FOURIER
from lacuna.training.engine import KEPT_BYTES
from lacuna.training.plain import Plain, plain_batches
from lacuna.training.prefetch import ahead, lane_to
from lacuna.training.ranks import Ranks
from lacuna.training.settings import Budget, Settings
from lacuna.training.trainee import Trainee, drawn

WAYS = ("plain", "engine", "engine_first_pass")
Step = Callable[[], None]


@dataclass(frozen=True)
class Measured:
    """What is measured. size: of square pictures, in pixels. images: on disk, a multiple of the batch's.

    device: `cpu` or `cuda`. precision, compile: as of a training, for the engine; the plain loop is in single
    precision and not compiled.
    """

    backbones: str
    system: str
    settings: dict
    size: int
    batch_size: int
    images: int
    threads: int
    device: str = "cpu"
    precision: str = "32-true"
    compile: bool = False

    def __post_init__(self):
        if self.images % self.batch_size:
            raise LacunaError(
                f"{self.images} pictures make no whole batches of {self.batch_size}, and the plain loop would compute "
                f"smaller ones; give --images a multiple of {self.batch_size}"
            )


def compare(folder: Path, measured: Measured, steps: int, repeats: int) -> dict:
    """Seconds a step of the ways, in turns of `steps` steps; each includes getting its batch.

    engine: as in training, once the truth's features are kept; engine_first_pass: nothing is kept, as in the first pass
    over a set, with one beyond the memory, or on a GPU. `ratio` is plain to engine by elapsed time, `cpu_ratio` by this
    process' processor time (which leaves out the plain loader's two processes); both are of the median turn. MACs are
    counted operator by operator, as the way really computes them; peak memory is that of a process of its own, or of a
    GPU's tensors. The loader's images a second are those of the engine's loader alone: with pictures in memory, in a
    mapped file, and decoded every time; `loader_ratio` is the slower of the first two to the quickest step.
    """
    torch.set_num_threads(measured.threads)
    device, batch_size = named_device(measured.device), measured.batch_size
    listed = _listed(folder, measured)
    peak = _peak_macs(device, torch.bfloat16 if measured.precision == "bf16-mixed" else torch.float32)
    loader = {way: batch_size * each for way, each in _loaded(listed, batch_size, folder).items()}
    with ExitStack() as stack:
        ways = _ways(stack, measured, listed)
        times = _timed(ways, measured, device, steps, repeats)
        macs = {way: _macs(step) for way, step in ways.items()}
    seconds = times["seconds"]
    return {
        **times,
        "loader_images_per_second": loader,
        "loader_ratio": min(loader["memory"], loader["mapped"]) * min(seconds.values()) / batch_size,
        "macs": macs,
        "macs_per_second": {way: macs[way] / seconds[way] for way in WAYS},
        "peak_macs_per_second": peak,
        "share_of_peak": {way: macs[way] / seconds[way] / peak for way in WAYS},
        "peak_memory": {way: _peak_memory(way, measured, str(listed)) for way in WAYS[:2]},
        **_described(measured, device, steps, repeats),
    }


def scaling(folder: Path, measured: list[Measured], steps: int, repeats: int) -> dict:
    """`runs`: times, as of `compare`, of each size and batch, without memory, loader and multiply-accumulates."""
    runs = []
    for number, each in enumerate(measured):
        torch.set_num_threads(each.threads)
        device, own = named_device(each.device), folder / str(number)
        own.mkdir()
        with ExitStack() as stack:
            times = _timed(_ways(stack, each, _listed(own, each)), each, device, steps, repeats)
        runs.append(times | _described(each, device, steps, repeats))
    return {"runs": runs}


def _timed(ways: dict[str, Step], measured: Measured, device: torch.device, steps: int, repeats: int) -> dict:
    """Ratios, and seconds and images a second by way; `cpu`: of the processor's time of this process.

    A turn begins with a step that is not measured.
    """
    for way, step in ways.items():  # what is made once; and every picture, flipped or not, is likely to be kept
        for _ in range(2 if way == "plain" else max(2, 4 * measured.images // measured.batch_size)):
            step()
    elapsed: dict[str, list[float]] = {way: [] for way in WAYS}
    used: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(repeats):
        for way, step in ways.items():
            hold_freed_memory(way != "plain")
            step()  # takes the memory that the turn needs
            _wait_for(device)
            began = time.perf_counter(), time.process_time()
            for _ in range(steps):
                step()
            _wait_for(device)
            elapsed[way].append((time.perf_counter() - began[0]) / steps)
            used[way].append((time.process_time() - began[1]) / steps)
    seconds, cpu = ({way: statistics.median(turns) for way, turns in each.items()} for each in (elapsed, used))
    return {
        "ratio": seconds["plain"] / seconds["engine"],
        "ratio_first_pass": seconds["plain"] / seconds["engine_first_pass"],
        "cpu_ratio": cpu["plain"] / cpu["engine"],
        "cpu_ratio_first_pass": cpu["plain"] / cpu["engine_first_pass"],
        "seconds": seconds,
        "cpu_seconds": cpu,
        "images_per_second": {way: measured.batch_size / each for way, each in seconds.items()},
        "images_per_cpu_second": {way: measured.batch_size / each for way, each in cpu.items()},
    }


def _described(measured: Measured, device: torch.device, steps: int, repeats: int) -> dict:
    return {
        "system": measured.system,
        "settings": measured.settings,
        "size": measured.size,
        "batch_size": measured.batch_size,
        "images": measured.images,
        "steps": steps,
        "repeats": repeats,
        "threads": measured.threads,
        "device": measured.device,
        "precision": measured.precision,
        "compile": measured.compile,
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "gpu": in_words(device) if device.type == "cuda" else None,
        },
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }


def _listed(folder: Path, measured: Measured) -> Path:
    pairs = make_pictures(folder, measured.images, measured.size)
    listed = folder / "list.txt"
    listed.write_text("".join(f"{image}\t{mask}\n" for image, mask, _ in pairs))
    return listed


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


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


def _ways(stack: ExitStack, measured: Measured, listed: Path, which=WAYS) -> dict[str, Step]:
    """What does one step of each way, its batch included."""
    device, batch_size = named_device(measured.device), measured.batch_size
    found: dict[str, Step] = {}
    if "plain" in which:
        torch.manual_seed(0)
        made = systems.create(measured.system, **{"image_size": measured.size, **measured.settings})
        made.load_backbones(measured.backbones, device)
        for module in made.modules().values():
            module.to(device).train()
        plain, batches = Plain(made), stack.enter_context(closing(plain_batches(listed, batch_size)))
        found["plain"] = lambda: _discard(plain.step(*(each.to(device) for each in next(batches))))
    if "engine" not in which:
        return found
    budget = Budget(iterations=1, batch_size=batch_size, precision=measured.precision, compile=measured.compile)
    settings, system = drawn(Settings(measured.system, measured.settings, "bench", measured.size, 0, budget))
    gpus = int(device.type == "cuda")
    trainee = Trainee(settings, system, Path(measured.backbones), gpus, None, Ranks())
    quick = stack.enter_context(closing(ahead(training_batches(listed, batch_size, seed=0), lane_to(trainee.device))))

    def step(limit: int) -> None:
        system.kept.limit = limit
        trainee.step(0, 0.0, *next(quick))

    return found | {"engine": lambda: step(KEPT_BYTES), "engine_first_pass": lambda: step(0)}


def _discard(_) -> None:
    """A step returns nothing."""


def _macs(step: Step) -> int:
    # what is compiled is counted as it was written
    with (
        torch.compiler.set_stance("force_eager"),
        FlopCounterMode(display=False, custom_mapping=FOURIER) as counter,
    ):
        step()
    return counter.get_total_flops() // 2


def _peak_macs(device: torch.device, dtype: torch.dtype) -> float:
    """MACs a second of a large product of matrices: what this machine does at best in a number format."""
    side = 8192 if device.type == "cuda" else 1536
    a, b = torch.randn(2, side, side, device=device, dtype=dtype)
    turns = []
    for _ in range(5):
        _wait_for(device)
        began = time.perf_counter()
        a @ b
        _wait_for(device)
        turns.append(time.perf_counter() - began)
    return side**3 / min(turns)


def _peak_memory(way: str, measured: Measured, listed: str) -> int:
    """Bytes of a process that does three steps of one way, or of the tensors that it has on a GPU."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_alone, way, measured, listed).result()


def _alone(way: str, measured: Measured, listed: str) -> int:
    torch.set_num_threads(measured.threads)
    with ExitStack() as stack:
        step = _ways(stack, measured, Path(listed), (way,))[way]
        for _ in range(3):
            step()
    if measured.device == "cuda":
        return torch.cuda.max_memory_allocated(named_device("cuda"))
    return peak_memory_of_process()


def batches_per_second(batches: Iterator, number: int) -> float:
    """How many batches a loader alone makes in a second, after the first."""
    next(batches)
    began = time.perf_counter()
    for _ in range(number):
        next(batches)
    return number / (time.perf_counter() - began)
