"""Batches on their way to a GPU while the step before is computed."""

from collections.abc import Generator
from contextlib import closing
from typing import Protocol

import torch
from torch import Tensor

Batch = tuple[Tensor, ...]


class Lane(Protocol):
    """What carries tensors to a device beside what is computed there."""

    def send(self, batch: Batch) -> Batch:
        """Begin to carry a batch; what is returned is there once `arrive` has been asked for it."""

    def arrive(self, batch: Batch) -> None:
        """Whatever is computed on the device from now on may use the batch."""


class CudaLane:
    """A stream of its own on a GPU, out of memory that the system does not move; pictures come in channels-last order.

    Nothing here waits for the device: it is the device that waits for its copy.
    """

    def __init__(self, device: torch.device):
        self.device = device
        self.stream = torch.cuda.Stream(device)

    def send(self, batch: Batch) -> Batch:
        with torch.cuda.stream(self.stream):
            there = [each.pin_memory().to(self.device, non_blocking=True) for each in batch]
            return tuple(each.contiguous(memory_format=torch.channels_last) for each in there)

    def arrive(self, batch: Batch) -> None:
        computing = torch.cuda.current_stream(self.device)
        computing.wait_stream(self.stream)
        for each in batch:
            each.record_stream(computing)  # or its memory would be given away when the copying stream is done with it


def lane_to(device: torch.device) -> Lane | None:
    """A lane to a GPU; None for the CPU, where there is nothing to carry."""
    return CudaLane(device) if device.type == "cuda" else None


def ahead(batches: Generator[Batch, None, None], lane: Lane | None) -> Generator[Batch, None, None]:
    """The batches in their order, each sent before the one before it is given out. Without a lane they are as they are.

    Closing it closes `batches`. What was sent and not asked for is lost, so a training that goes on asks for the batch
    of its step anew.
    """
    with closing(batches):
        if lane is None:
            yield from batches
            return
        coming = lane.send(next(batches))
        for following in batches:
            lane.arrive(coming)
            # the following copy must not hold back this batch: it is begun once this one has arrived
            now, coming = coming, lane.send(following)
            yield now
        lane.arrive(coming)
        yield coming
