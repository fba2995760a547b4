"""Which device a job computes on. Snakemake only counts GPUs; it never says which one a job may use."""

import os
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import torch
from pynvml import NVMLError

from lacuna.errors import LacunaError
from lacuna.locking import lock
from lacuna.nn.gpu_memory import free_memory

_held: list[IO] = []  # open lock files: a GPU stays taken until this process ends


def choose_device(gpus: int) -> torch.device:
    """The CPU if `gpus` is 0 or there is no GPU; with 1, a GPU that no other job of ours has taken, if there is one.

    Of the visible GPUs (CUDA_VISIBLE_DEVICES is respected) the one with the most free memory is tried first; a lock
    file in the temporary folder, freed by the system when the process ends, keeps two jobs from choosing the same.
    """
    if gpus == 0 or not torch.cuda.is_available():
        return torch.device("cpu")
    uuids = [str(torch.cuda.get_device_properties(index).uuid) for index in range(torch.cuda.device_count())]
    by_room = _by_room(uuids)
    for index in by_room:
        stream = (Path(tempfile.gettempdir()) / f"lacuna-gpu-{uuids[index]}.lock").open("w")
        try:
            lock(stream)
        except OSError:
            stream.close()
            continue
        _held.append(stream)
        return torch.device("cuda", index)
    return torch.device("cuda", by_room[0])


def _by_room(uuids: Sequence[str]) -> list[int]:
    """Numbers of the visible GPUs, those with more free memory first; in their order where nobody can say."""
    numbers = list(range(len(uuids)))
    if len(uuids) == 1:
        return numbers
    try:
        free = free_memory(uuids)
    except NVMLError as error:
        warnings.warn(f"free memory of the GPUs is unknown ({error}), so they are tried in their order", stacklevel=3)
        return numbers
    return sorted(numbers, key=lambda number: free[uuids[number]], reverse=True)


def named_device(name: str) -> torch.device:
    """`cpu`, `cuda` (as `choose_device`), `mps` (Apple's GPU), or `auto`: a CUDA GPU if there is one, else the CPU.

    A device that this machine lacks is a `LacunaError`.
    """
    there: dict[str, Callable[[], bool]] = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if name in there and not there[name]():
        raise LacunaError(f"PyTorch finds no device '{name}' on this machine; choose cpu")
    return choose_device(1) if name in ("auto", "cuda") else torch.device(name)


def in_words(device: torch.device) -> str:
    """What a reader calls the device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return {"mps": "Apple GPU"}.get(device.type, device.type)


def make_deterministic(threads: int) -> None:
    """Same bytes twice on one machine: deterministic algorithms wherever torch has them, a fixed number of threads."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Equal to `use_deterministic_algorithms(True, warn_only=True)`, but for PyTorch's compiler: that one loads it to
    # tell it so, two seconds of the processor at every start for what nothing here uses.
    torch.set_deterministic_debug_mode("warn")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # made when imported
    torch.backends.cudnn.benchmark = False
    torch.set_num_threads(threads)
