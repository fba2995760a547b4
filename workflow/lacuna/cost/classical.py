"""Time and memory of an algorithm without a network. No torch here: it would be most of the memory."""

import numpy as np

from lacuna.cost.machine import ResidentPeak
from lacuna.cost.timing import timed
from lacuna.systems._classical import Classical


def measure(system: Classical, height: int, width: int, seconds: float) -> list[dict]:
    """One row, as `networks.measure` returns them: the algorithms take one picture after the other, on one device."""
    draw = np.random.default_rng(0)
    image = draw.integers(0, 256, (height, width, 3), dtype=np.uint8)
    mask = np.zeros((height, width), bool)
    mask[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = True
    peak = ResidentPeak()
    peak.start()
    timing = timed(lambda: system.predict_arrays([image], [mask]), seconds)
    return [{"runtime": "classical", "device": "cpu", "batch": 1, **timing, "peak_memory": peak.read()}]
