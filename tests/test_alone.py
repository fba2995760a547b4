"""Who measures time is alone, and is not passed over."""

import threading
import time
from contextlib import nullcontext

import pytest

from tests.alone import Turns


def test_one_alone_keeps_later_ones_out_and_waits_for_earlier_ones(tmp_path):
    order = []

    def enter(name: str, alone: bool) -> None:
        turns = Turns(tmp_path)
        with turns.together(), turns.alone() if alone else nullcontext():
            order.append(f"{name} in")
            time.sleep(0.05)
            order.append(f"{name} out")

    visitors = [threading.Thread(target=enter, args=each) for each in (("timed", True), ("later", False))]
    with Turns(tmp_path).together():
        for visitor in visitors:
            visitor.start()
            time.sleep(0.05)
        assert order == []
    for visitor in visitors:
        visitor.join(timeout=20)
    assert order == ["timed in", "timed out", "later in", "later out"]


def test_others_are_there_together(tmp_path):
    with Turns(tmp_path).together(), Turns(tmp_path).together():  # would wait for ever if one kept the other out
        pass


def test_a_failure_alone_keeps_nobody_out(tmp_path):
    turns = Turns(tmp_path)
    with pytest.raises(RuntimeError), turns.together(), turns.alone():
        raise RuntimeError
    with Turns(tmp_path).together():
        pass
