"""How fast pictures are adapted to: the plain loop of the thesis, mode `reference`, beside mode `fast`, in one run."""

import os
import statistics
import time
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lacuna import systems
from lacuna.adaptation.adapting import Adapted, adapt
from lacuna.adaptation.experiments import chosen
from lacuna.adaptation.fillers import Pool
from lacuna.cost.machine import processor
from lacuna.errors import LacunaError
from lacuna.metrics.benchmark import make_pictures
from lacuna.systems.base import System

WAYS = ("plain", "fast")
_MODES = {"plain": "reference", "fast": "fast"}
ALLOWED = 1e-5
"""By how much a weight may differ between the two ways, but for those that no loss depends on."""


def compare(
    folder: Path,
    backbones: str | Path,
    images: int,
    size: int,
    steps: int,
    width: int,
    threads: int,
    repeats: int,
    experiment: str,
) -> dict:
    """Images an hour of both ways, their ratio, and the largest differences.

    plain: one picture at a time; masks are drawn and Canny's edges found on the CPU for each sample and step, the
    truth's features are computed in every step by PyTorch's own convolutions, and attention holds all its scores at
    once. fast: what `mode: fast` does. Both take the same pictures with the same draws, and turns picture by picture.
    The network is the thesis' small one with random weights. Pictures an hour are those of the median turn, for `steps`
    steps; `cpu_ratio` is that of the processor's time, which other processes disturb less. difference_by_change is the
    norm of the weights' difference by that of their change. Raises `LacunaError` where a weight differs by more than
    `ALLOWED`.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    settings = {"form": "thesis_small", "feature_network": "vgg16", "initial_gain": 1.0}
    system = systems.create("structure", **settings, width=width, discriminator_width=width, image_size=max(size, 32))
    system.load_backbones(backbones, torch.device("cpu"))
    common = {"steps": steps}
    ways = {way: chosen([experiment], common={**common, "mode": _MODES[way]})[experiment] for way in WAYS}
    files = make_pictures(folder, images + 2, size)
    pool = Pool([Path(image) for image, _, _ in files[images:]]) if ways["plain"].needs_pool else None
    pictures = [(_tensor(image), _tensor(mask)) for image, mask, _ in files[:images]]

    def adapted(way: str, picture: tuple[Tensor, Tensor], how) -> Adapted:
        system.features.quick = way != "plain"
        return adapt(system, *picture, how, _of(pool))

    for way in WAYS:  # what is made once: transformed weights, the library's kernels
        adapted(way, pictures[0], chosen([experiment], common={"steps": 1, "mode": _MODES[way]})[experiment])
    elapsed: dict[str, list[float]] = {way: [] for way in WAYS}
    used: dict[str, list[float]] = {way: [] for way in WAYS}
    weight = prediction = share = 0.0
    for _ in range(repeats):
        for picture in pictures:
            found: dict[str, Adapted] = {}
            for way, how in ways.items():
                began = time.perf_counter(), time.process_time()
                found[way] = adapted(way, picture, how)
                elapsed[way].append(time.perf_counter() - began[0])
                used[way].append(time.process_time() - began[1])
            states = [found[way].weights["network"] for way in WAYS]
            apart, moved = differences(system, *states), differences(system, states[0], system.network.state_dict())
            weight = max(weight, float(apart.abs().max()))
            share = max(share, float(apart.norm() / moved.norm()))
            last = [found[way].predictions[steps] for way in WAYS]
            prediction = max(prediction, float((last[0] - last[1]).abs().max()))
    if not weight <= ALLOWED:
        raise LacunaError(f"a weight differs by {weight:.2g} from the plain loop's, more than {ALLOWED:.0e}")
    seconds = {way: statistics.median(elapsed[way]) for way in WAYS}
    cpu = {way: statistics.median(used[way]) for way in WAYS}
    return {
        "ratio": seconds["plain"] / seconds["fast"],
        "images_per_hour": {way: 3600 / seconds[way] for way in WAYS},
        "cpu_ratio": cpu["plain"] / cpu["fast"],
        "seconds": seconds,
        "cpu_seconds": cpu,
        "largest_differences": {"weight": weight, "prediction": prediction},
        "difference_by_change": share,
        "settings": {
            "experiment": experiment,
            "steps": steps,
            "batch_size": ways["plain"].batch_size,
            "images": images,
            "repeats": repeats,
            "system": "structure",
            "width": width,
            **settings,
        },
        "size": size,
        "threads": threads,
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "versions": {"torch": torch.__version__, "numpy": np.__version__},
    }


def differences(system: System, one: dict[str, Tensor], other: dict[str, Tensor]) -> Tensor:
    """Of two states of the network, the weights that a loss depends on, all in a row.

    The others, such as a bias before a normalisation, have gradients of rounding alone, of which Adam makes steps.
    """
    kept = [key for key in one if not any(fnmatch(f"network.{key}", pattern) for pattern in system.zero_gradient)]
    return torch.cat([(one[key] - other[key]).flatten() for key in kept])


def _of(pool: Pool | None):
    return None if pool is None else pool.without("")


def _tensor(path: str) -> Tensor:
    """float32 C×H×W in [0, 1] of a PNG file."""
    values = torch.from_numpy(np.array(Image.open(path))).float() / 255
    return values[None] if values.ndim == 2 else values.permute(2, 0, 1)
