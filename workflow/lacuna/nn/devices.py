"""Which device a job computes on. Snakemake only counts GPUs; it never says which one a job may use."""

import os
import tempfile
from pathlib import Path
from typing import IO

import torch

from lacuna.errors import LacunaError
from lacuna.locking import lock

_held: list[IO] = []  # open lock files: a GPU stays taken until this process ends


def choose_device(gpus: int) -> torch.device:
    """The CPU if `gpus` is 0 or there is no GPU; else a GPU that no other job of ours has taken, if there is one.

    Of the visible GPUs (CUDA_VISIBLE_DEVICES is respected) the one with the most free memory is tried first; a lock
    file in the temporary folder, freed by the system when the process ends, keeps two jobs from choosing the same.
    """
    if gpus > 1:
        raise LacunaError(f"a job uses one GPU at most, and {gpus} were asked for; set `gpus` to 0 or 1")
    if gpus == 0 or not torch.cuda.is_available():
        return torch.device("cpu")
    free = {index: torch.cuda.mem_get_info(index)[0] for index in range(torch.cuda.device_count())}
    by_room = sorted(free, key=lambda index: free[index], reverse=True)
    for index in by_room:
        uuid = torch.cuda.get_device_properties(index).uuid
        stream = (Path(tempfile.gettempdir()) / f"lacuna-gpu-{uuid}.lock").open("w")
        try:
            lock(stream)
        except OSError:
            stream.close()
            continue
        _held.append(stream)
        return torch.device("cuda", index)
    return torch.device("cuda", by_room[0])


def make_deterministic(threads: int) -> None:
    """Same bytes twice on one machine: deterministic algorithms wherever torch has them, a fixed number of threads."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Equal to `use_deterministic_algorithms(True, warn_only=True)`, but for PyTorch's compiler: that one loads it to
    # tell it so, two seconds of the processor at every start for what nothing here uses.
    torch.set_deterministic_debug_mode("warn")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # made when imported
    torch.backends.cudnn.benchmark = False
    torch.set_num_threads(threads)
