"""Workers: order, bounded memory, and their end with the process that they work for."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from lacuna.data.forking import AHEAD, in_order
from lacuna.data.image_sources._zip import Zip
from lacuna.errors import LacunaError


@pytest.mark.parametrize("number", [1, 3])
def test_results_come_in_order_of_a_closure(number):
    offset = 100

    def slowest_first(thing: int) -> int:
        time.sleep(0.02 * (thing % 3 == 0))
        return thing + offset

    assert list(in_order(slowest_first, range(31), number)) == [(i, i + 100) for i in range(31)]


def test_several_workers_are_other_processes():
    found = {pid for _, pid in in_order(lambda _: (time.sleep(0.01), os.getpid())[1], range(20), 2)}
    assert len(found) == 2 and os.getpid() not in found
    assert {pid for _, pid in in_order(lambda _: os.getpid(), range(3), 1)} == {os.getpid()}


def test_no_more_than_a_few_are_taken_ahead():
    taken = []

    def things():
        for i in range(100):
            taken.append(i)
            yield i

    results = in_order(str, things(), 2)
    for done in range(1, 20):
        next(results)
        assert len(taken) <= done + 2 * AHEAD
    results.close()


@pytest.mark.parametrize("number", [1, 2])
def test_an_error_of_a_worker_is_raised_here(number):
    def refusing(thing: int) -> int:
        if thing == 5:
            raise LacunaError("not five")
        return thing

    done = []
    with pytest.raises(LacunaError, match="not five"):
        for thing, _ in in_order(refusing, range(9), number):
            done.append(thing)
    assert done == [0, 1, 2, 3, 4]


def test_a_worker_that_is_killed_is_one_sentence():
    def dying(thing: int) -> int:
        if thing == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return thing

    with pytest.raises(LacunaError, match="one of 2 processes at work was killed, most likely because memory ran out"):
        list(in_order(dying, range(9), 2))


def test_a_zip_is_read_by_several_processes(tmp_path):
    """Copies of a process share its place in an open file, but not the lock that keeps threads from moving it."""
    members = [bytes([i]) * 200_000 for i in range(40)]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for i, data in enumerate(members):
            archive.writestr(f"{i}.bin", data)
    store = Zip(tmp_path / "all.zip")
    read = list(in_order(lambda i: store.read(str(i % 40)) == members[i % 40], range(400), 4))
    assert [i for i, right in read if not right] == []


SCRIPT = """
import os, time
from lacuna.data.forking import in_order

def work(thing):
    os.write(1, f"{os.getpid()}\\n".encode())
    time.sleep(60)

list(in_order(work, range(9), 3))
"""


def test_workers_end_when_their_process_is_killed():
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    workers = [int(process.stdout.readline()) for _ in range(3)]
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while any(_lives(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [worker for worker in workers if _lives(worker)]


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
