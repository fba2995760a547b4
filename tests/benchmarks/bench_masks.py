"""How many masks of 256x256 a second one core makes, to equal coverage bins of 1-60 %, without and with writing PNG.

Seconds are those that the core worked for us (CPU time), so that a busy machine does not count.

OMP_NUM_THREADS=1 taskset -c 0 python tests/benchmarks/bench_masks.py
"""

import tempfile
import time
from pathlib import Path

import cv2

from lacuna.data.masks.building import make_masks, masks

SETTINGS = {"name": "bench", "coverage": [0.01, 0.6], "bins": 6, "image_size": 256, "seed": 1}
RUNS = {"strokes": 6000, "random_walk": 900, "boxes": 6000}
GOALS = {"strokes": 2000, "random_walk": 200}


def masks_a_second(kind: str, number: int) -> tuple[float, float]:
    """Masks of a family a second: generated, and written with their index."""
    settings = SETTINGS | {"kind": kind, "count": number}
    began = time.process_time()
    for _ in masks(settings):
        pass
    generated = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        make_masks(settings, Path(folder, "set/index.csv"))
    return number / (generated - began), number / (time.process_time() - generated)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    print("family        generated/s   written/s   goal/s")
    for kind, number in RUNS.items():
        masks_a_second(kind, 60)
        generated, written = masks_a_second(kind, number)
        print(f"{kind:12s}  {generated:11.0f}  {written:10.0f}   {GOALS.get(kind, '-'):>6}")
