"""Who measures time is alone, and is not passed over."""

import threading
import time

from tests.alone import Turns


def test_one_alone_keeps_later_ones_out_and_waits_for_earlier_ones(tmp_path):
    order = []
    earlier = Turns(tmp_path)
    earlier.together()

    def enter(name: str, how) -> None:
        turns = Turns(tmp_path)
        getattr(turns, how)()
        order.append(f"{name} in")
        time.sleep(0.05)
        order.append(f"{name} out")
        turns.leave()

    visitors = [threading.Thread(target=enter, args=a) for a in (("timed", "alone"), ("later", "together"))]
    for visitor in visitors:
        visitor.start()
        time.sleep(0.05)
    assert order == []
    earlier.leave()
    for visitor in visitors:
        visitor.join(timeout=20)
    assert order == ["timed in", "timed out", "later in", "later out"]


def test_others_are_there_together(tmp_path):
    one, other = Turns(tmp_path), Turns(tmp_path)
    one.together()
    other.together()  # would wait for ever if one kept the other out
    one.leave()
    other.leave()
