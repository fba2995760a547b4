"""How many masks of 256x256 a second one core makes, to equal coverage bins of 1-60 %, without and with writing PNG.

Families that fix their coverage make one bin. Seconds are those that the core worked for us (CPU time), so that a busy
machine does not count.

OMP_NUM_THREADS=1 taskset -c 0 python tests/benchmarks/bench_masks.py
"""

import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from lacuna.config.sections import MaskSet
from lacuna.data import masks as kinds
from lacuna.data.masks.building import make_masks, masks
from lacuna.keys import filled

SETTINGS = {"name": "bench", "image_size": 256, "seed": 1}
SLOW = {"random_walk": 900, "noise": 900, "scratches": 500, "text": 200}
GOALS = {"strokes": 2000, "random_walk": 200}


def masks_a_second(settings: dict) -> tuple[float, float]:
    """Masks of a family a second: generated, and written with their index."""
    number = settings["count"]
    began = time.process_time()
    for _ in masks(settings):
        pass
    generated = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        make_masks(settings, Path(folder, "set/index.csv"))
    return number / (generated - began), number / (time.process_time() - generated)


def draw_objects(folder: Path) -> None:
    """Twenty blots of 200x150 pixels, in place of somebody's segmentation masks."""
    for i in range(20):
        noise = cv2.GaussianBlur(np.random.default_rng(i).random((150, 200), np.float32), (0, 0), 15)
        cv2.imwrite(str(folder / f"{i}.png"), np.where(noise > np.quantile(noise, 0.7), 255, 0).astype(np.uint8))


if __name__ == "__main__":
    cv2.setNumThreads(1)
    print("family        generated/s   written/s   goal/s")
    with tempfile.TemporaryDirectory() as objects:
        draw_objects(Path(objects))
        for kind in kinds.names():
            if kinds.is_given(kind):
                continue
            path = {"path": objects} if kind == "objects" else {}
            settings = SETTINGS | filled({"kind": kind, "count": SLOW.get(kind, 4000), **path}, MaskSet)
            masks_a_second(settings | {"count": 60})
            generated, written = masks_a_second(settings)
            print(f"{kind:12s}  {generated:11.0f}  {written:10.0f}   {GOALS.get(kind, '-'):>6}")
