"""Repeats, quartiles, and batches that do not fit."""

import pytest

from lacuna.cost import timing
from lacuna.cost.timing import batches_that_fit, timed
from lacuna.errors import LacunaError
from lacuna.export.session import GraphFails


class Clock:
    """Time that passes in calls alone: the first takes 50 ms, the others 2 ms."""

    def __init__(self, monkeypatch):
        self.now, self.calls = 0.0, 0
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.now)

    def call(self):
        self.calls += 1
        self.now += 0.05 if self.calls == 1 else 0.002


def test_the_warm_up_is_not_timed_and_the_first_repeats_are_kept(monkeypatch):
    clock = Clock(monkeypatch)
    result = timed(clock.call, seconds=0)
    assert result["repeats"] == timing.LEAST == clock.calls - 1
    assert result["q1_ms"] == pytest.approx(2) and result["q3_ms"] == pytest.approx(2)


def test_repeats_end_with_the_time_or_their_number(monkeypatch):
    assert timed(Clock(monkeypatch).call, seconds=0.0415)["repeats"] == 21
    assert timed(Clock(monkeypatch).call, seconds=10)["repeats"] == timing.MOST


def test_quartiles_are_those_of_the_times(monkeypatch):
    ticks = iter([0, 1, 0, 2, 0, 3, 0, 4, 0, 10])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(ticks))
    expected = {"median_ms": 3000.0, "q1_ms": 2000.0, "q3_ms": 4000.0, "repeats": 5}
    assert timed(lambda: None, seconds=0) == expected


def test_without_warming_up_there_is_one_call():
    calls = []
    assert timed(lambda: calls.append(None), seconds=9, warm_up=False)["repeats"] == len(calls) == 1


def test_the_largest_batch_that_fits_is_found():
    tried = []

    def attempt(batch):
        tried.append(batch)
        if batch > 5:
            raise MemoryError
        return {"batch": batch}

    assert batches_that_fit(attempt, 16, "this") == [{"batch": 1}, {"batch": 4}]
    assert tried == [1, 16, 8, 4]
    assert batches_that_fit(attempt, 1, "this") == [{"batch": 1}]
    with pytest.raises(LacunaError, match="for one picture in this"):
        batches_that_fit(lambda batch: attempt(batch + 5), 8, "this")


@pytest.mark.parametrize(
    "reason",
    [
        "CUDA out of memory. Tried to allocate 9 GiB",
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory",
        "could not create a primitive",
        "std::bad_alloc",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
)
def test_want_of_memory_has_many_words(reason):
    def attempt(batch):
        if batch > 4:
            raise RuntimeError(reason)
        if batch > 2:  # says so no more itself
            raise GraphFails("ONNX Runtime cannot run model.onnx (...)") from RuntimeError(reason)
        return {"batch": batch}

    assert batches_that_fit(attempt, 16, "this") == [{"batch": 1}, {"batch": 2}]


@pytest.mark.parametrize("largest", [1, 8])
def test_what_fails_for_another_reason_is_not_hidden(largest):
    def attempt(batch):
        if batch == largest:
            raise RuntimeError("a bug")
        return {"batch": batch}

    with pytest.raises(RuntimeError, match="a bug"):
        batches_that_fit(attempt, largest, "this")
