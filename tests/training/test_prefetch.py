"""Batches that are sent ahead are the same ones in the same order, and a training goes on exactly."""

from collections import deque
from contextlib import closing

import pytest
import torch

from lacuna.training import loop
from lacuna.training.prefetch import ahead, lane_to
from tests.training.doubles import contents, stopped_at


class Slow:
    """A stand-in for a stream: copies are made when something waits for them, and hold rubbish until then."""

    def __init__(self):
        self.waiting, self.log = deque(), []

    def send(self, batch):
        there = tuple(torch.full_like(each, float("nan")) for each in batch)
        self.waiting.append((there, batch))
        self.log.append("sent")
        return there

    def arrive(self, batch):
        while self.waiting:  # as a stream: all that was sent before
            for there, given in zip(*self.waiting.popleft(), strict=True):
                there.copy_(given)
        self.log.append("arrived")


def numbered(count, closed=None):
    try:
        for number in range(count):
            yield torch.full((2, 3, 5, 4), float(number)), torch.full((2, 1, 5, 4), number % 2.0)
    finally:
        if closed is not None:
            closed.append(True)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_batches_come_whole_and_in_order(count):
    found = list(ahead(numbered(count), Slow()))
    assert len(found) == count
    for batch, expected in zip(found, numbered(count), strict=True):
        assert all(map(torch.equal, batch, expected))


def test_one_batch_is_on_its_way_while_another_is_used():
    lane = Slow()
    batches = ahead(numbered(5), lane)
    image, _ = next(batches)
    assert lane.log == ["sent", "arrived", "sent"] and float(image.mean()) == 0
    image, _ = next(batches)
    assert lane.log[3:] == ["arrived", "sent"] and float(image.mean()) == 1


@pytest.mark.parametrize("lane", [None, Slow()])
def test_closing_closes_what_reads(lane):
    closed = []
    with closing(ahead(numbered(5, closed), lane)) as batches:
        next(batches)
    assert closed


def test_on_the_cpu_nothing_is_carried():
    assert lane_to(torch.device("cpu")) is None
    given = list(numbered(2))
    for batch, each in zip(ahead(iter_of(given), None), given, strict=True):
        assert batch is each


def iter_of(given):
    yield from given


def test_a_training_has_the_same_bytes_and_goes_on_exactly(job, monkeypatch):
    straight = contents(job("straight", iterations=7))
    lanes = []

    def slow(device):
        lanes.append(Slow())
        return lanes[-1]

    monkeypatch.setattr(loop, "lane_to", slow)
    assert contents(job("ahead", iterations=7)) == straight
    stopped_at(monkeypatch, 3, job, "resumed", iterations=7)
    assert contents(job("resumed", iterations=7)) == straight
    assert [lane.log.count("sent") for lane in lanes] == [8, 4, 5]  # of 7, 3 and 4 steps: one was lost each time
