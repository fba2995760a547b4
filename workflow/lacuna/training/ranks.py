"""The processes of one training on several devices: rank 0 is the training, the others compute parts of its batches."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.distributed as distributed
from torch import Tensor

from lacuna.errors import LacunaError

_PATIENCE = timedelta(days=7)  # rank 0 validates and saves while the others wait
_NOTICED = 10  # seconds in which an ended process is noticed by those that wait for it, if it ever is


class Ranks:
    """This process among `number` of them, which call the same methods in the same order."""

    def __init__(self, rank: int = 0, number: int = 1):
        self.rank, self.number = rank, number

    def rows(self, images: int) -> slice:
        """Which of a batch's images this process computes."""
        return slice(self.rank * images // self.number, (self.rank + 1) * images // self.number)

    def total(self, tensors: list[Tensor]) -> None:
        """Sum tensors of one device, in place, over all processes."""
        if self.number == 1 or not tensors:
            return
        flat = torch.cat([each.reshape(-1) for each in tensors])
        distributed.all_reduce(flat)
        for each, sums in zip(tensors, flat.split([each.numel() for each in tensors]), strict=True):
            each.copy_(sums.view(each.shape))

    def told(self, thing: Any = None) -> Any:
        """What rank 0 says."""
        if self.number == 1:
            return thing
        said = [thing]
        distributed.broadcast_object_list(said, device=torch.device("cpu"))
        return said[0]


def require_gpus(devices: int, gpus: int) -> None:
    """Another number of GPUs than a training has devices is a `LacunaError`; with none it uses the CPU."""
    there = min(gpus, torch.cuda.device_count()) if torch.cuda.is_available() else 0
    if gpus > devices or 0 < there < devices:
        raise LacunaError(
            f"training has devices: {devices}, but {gpus} GPUs were asked for and {there} are there; give it as many, "
            "or set `gpus` to 0 to compute on the CPU"
        )


@contextmanager
def together(number: int, follow: Callable[..., None], *arguments) -> Iterator[Ranks]:
    """Enter as rank 0, beside `follow(ranks, *arguments)` in the processes of ranks 1 to `number` − 1.

    They end with the block, whatever they do. One that ends before is a `LacunaError` with its reason.
    """
    if number == 1:
        yield Ranks()
        return
    context = multiprocessing.get_context("spawn")
    with TemporaryDirectory() as folder:
        others = [
            context.Process(target=_other, args=(folder, rank, number, follow, *arguments), daemon=True)
            for rank in range(1, number)
        ]
        for each in others:
            each.start()
        finished = threading.Event()
        threading.Thread(target=_watch, args=(others, folder, finished), daemon=True).start()
        try:
            yield _joined(folder, 0, number)
        except RuntimeError:
            if reason := _ended(others, folder):
                raise LacunaError(reason) from None
            raise
        finally:
            finished.set()
            for each in others:
                each.kill()
                each.join()
            if distributed.is_initialized():
                distributed.destroy_process_group()


def _joined(folder: str, rank: int, number: int) -> Ranks:
    store = distributed.FileStore(str(Path(folder) / "store"), number)
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=number, timeout=_PATIENCE)
    return Ranks(rank, number)


def _other(folder: str, rank: int, number: int, follow: Callable[..., None], *arguments) -> None:
    """The process of another rank: it ends when rank 0 ends it, or is ended itself."""
    for each in (signal.SIGINT, signal.SIGTERM):  # rank 0 decides when to stop
        signal.signal(each, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        follow(_joined(folder, rank, number), *arguments)
    except LacunaError as error:
        _reason(folder, rank).write_text(str(error))
        raise SystemExit(1) from None


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent, "another rank is a process of rank 0's"
    parent.join()
    os._exit(1)


def _watch(others: list, folder: str, finished: threading.Event) -> None:
    """End this process where it waits for one that is no more, and what it waits in does not notice."""
    wait([each.sentinel for each in others])
    if not finished.wait(_NOTICED):
        print(_ended(others, folder), flush=True)
        os._exit(1)


def _ended(others: list, folder: str) -> str:
    """Which process ended, and why, in a sentence; empty where none did."""
    ends = wait([each.sentinel for each in others], _NOTICED / 2)
    if not ends:
        return ""
    rank, process = next((rank, each) for rank, each in enumerate(others, 1) if each.sentinel in ends)
    process.join()  # it closes what `wait` looks at a moment before it is no more
    if _reason(folder, rank).is_file():
        return _reason(folder, rank).read_text()
    code = process.exitcode or 0
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
    return (
        f"the process of device {rank + 1} of {len(others) + 1} {how}; run the same command again to go on from the "
        "last checkpoint"
    )


def _reason(folder: str, rank: int) -> Path:
    return Path(folder) / f"reason_{rank}"
