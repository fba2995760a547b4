"""Trainings on several devices, here processes on the CPU: the same batches, the same weights, one end."""

import multiprocessing
import os
import signal
import time
from fnmatch import fnmatch
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.training import ranks as ranks_module
from lacuna.training.ranks import Ranks, require_gpus, together
from tests.training.doubles import at_step, contents, interrupt

PLAIN = {"style_weight": 0.0, "perceptual_weight": 0.0}  # other processes see no doubles of pretrained networks


def settings_of(name):
    small = {key: value for key, value in systems.system_class(name).small.items() if key != "image_size"}
    return {**small, **(PLAIN if name == "aotgan" else {})}


@pytest.mark.parametrize(("images", "number"), [(3, 2), (7, 3), (4, 4)])
def test_every_image_is_in_the_rows_of_one_rank(images, number):
    rows = [list(range(images))[Ranks(rank, number).rows(images)] for rank in range(number)]
    assert sum(rows, []) == list(range(images)) and all(rows)
    assert max(map(len, rows)) - min(map(len, rows)) <= 1


def test_one_process_alone_sums_and_tells_nothing():
    with together(1, None) as ranks:
        kept = torch.tensor([1.5, 2.0])
        ranks.total([kept])
        assert kept.tolist() == [1.5, 2.0] and ranks.told((3, 0.5)) == (3, 0.5)


@pytest.mark.parametrize(
    ("devices", "gpus", "there", "fits"),
    [
        (1, 0, 2, True),
        (1, 1, 1, True),
        (2, 2, 2, True),
        (2, 0, 1, True),
        (2, 1, 2, False),
        (2, 2, 1, False),
        (1, 2, 2, False),
        (2, 2, 0, True),
    ],
)
def test_as_many_gpus_as_devices_or_none(monkeypatch, devices, gpus, there, fits):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    if fits:
        require_gpus(devices, gpus)
    else:
        with pytest.raises(LacunaError, match=f"training has devices: {devices}, but {gpus} GPUs were asked for"):
            require_gpus(devices, gpus)


def counting(ranks, start):
    """What other ranks do in the next test."""
    ranks.total([torch.full((2, 3), start + ranks.rank), torch.tensor(float(ranks.rank))])
    told = ranks.told()
    ranks.total([torch.tensor(float(told["a"] * ranks.rank))])


def failing(ranks, sentence):
    raise LacunaError(sentence)


@pytest.mark.slow
def test_tensors_are_summed_and_rank_0_is_heard():
    with together(3, counting, 10.0) as ranks:
        kept = [torch.full((2, 3), 10.0).T, torch.tensor(0.0)]
        ranks.total(kept)
        assert kept[0].tolist() == 3 * [[33.0, 33.0]] and kept[1] == 3
        ranks.told({"a": 5})
        last = torch.tensor(0.5)
        ranks.total([last])
        assert last == 15.5
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_an_error_of_another_rank_is_the_error():
    with pytest.raises(LacunaError, match="^its sentence$"), together(2, failing, "its sentence") as ranks:
        for _ in range(1000):
            ranks.total([torch.ones(1)])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["aotgan", "deepfillv2"])
def test_two_processes_learn_what_one_does(job, name):
    """Batches of three images, of which one process has one and the other two."""
    ends = []
    for devices in (1, 2):
        folder = job(f"on_{devices}", settings_of(name), system=name, iterations=3, devices=devices, validate_every=9)
        assert read_json(folder / "record.json")["devices"] == devices
        ends.append(load_file(folder / "weights.safetensors"))
    still = systems.system_class(
        name
    ).facts.zero_gradient  # Adam makes whole steps of gradients that are rounding alone
    keys = [key for key in ends[0] if not any(fnmatch(f"network.{key}", each) for each in still)]
    assert all((ends[0][key] - ends[1][key]).abs().max() <= 1e-5 for key in keys)
    assert any(not torch.equal(ends[0][key], ends[1][key]) for key in keys)


@pytest.mark.slow
def test_resuming_on_two_devices_gives_the_same_bytes(job, monkeypatch):
    asked = {"iterations": 5, "devices": 2, "ema": 0.9}
    straight = contents(job("straight", PLAIN, **asked))
    with monkeypatch.context() as patch:
        at_step(patch, 3, interrupt)
        with pytest.raises(LacunaError, match="interrupted at step 3"):
            job("resumed", PLAIN, **asked)
    assert not multiprocessing.active_children()
    assert contents(job("resumed", PLAIN, **asked)) == straight


@pytest.mark.slow
def test_a_killed_process_ends_the_training_by_one_sentence(job, monkeypatch, capsys):
    def kill(losses):
        (other,) = multiprocessing.active_children()
        os.kill(other.pid, signal.SIGKILL)
        return losses

    with monkeypatch.context() as patch:
        at_step(patch, 6, kill)
        with pytest.raises(
            LacunaError, match="process of device 2 of 2 was ended by SIGKILL; run the same command again"
        ):
            job("a", PLAIN, iterations=40, devices=2, validate_every=100)
    job("a", PLAIN, iterations=8, devices=1)
    assert "it is set aside" in capsys.readouterr().out  # the state of step 4, of a training on two devices


def waiting(ranks):
    """Another rank that hears nothing more."""
    time.sleep(600)


def leading(file):
    """A rank 0 that says which its other process is, and then hangs."""
    with together(2, waiting):
        file.write_text(str(multiprocessing.active_children()[0].pid))
        time.sleep(600)


@pytest.mark.slow
def test_the_others_end_with_a_killed_rank_0(tmp_path):
    leader = multiprocessing.get_context("spawn").Process(target=leading, args=(tmp_path / "number",))
    leader.start()
    assert within(120, lambda: (tmp_path / "number").is_file() and (tmp_path / "number").read_text())
    number = int((tmp_path / "number").read_text())
    os.kill(number, 0)
    leader.kill()
    leader.join()
    assert within(20, lambda: not running(number))


def within(seconds, happened):
    """Whether something happens in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not happened():
        time.sleep(0.1)
    return happened()


def running(number):
    """Whether a process runs; one that ended and that nobody has asked for does not."""
    status = Path(f"/proc/{number}/stat")
    return status.is_file() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
def test_a_process_that_nobody_notices_the_end_of_ends_this_one(monkeypatch, capsys):
    """As where a GPU waits for another one."""
    ended = []
    monkeypatch.setattr(ranks_module, "_NOTICED", 0.2)
    monkeypatch.setattr(os, "_exit", ended.append)
    other = multiprocessing.get_context("spawn").Process(target=os.abort)
    other.start()
    ranks_module._watch([other], "nowhere", ranks_module.threading.Event())
    assert ended == [1]
    assert "process of device 2 of 2 was ended by SIGABRT" in capsys.readouterr().out
