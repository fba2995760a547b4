"""What the time of a training step goes into, by `torch.profiler`: the operators with the most time of their own.

`OMP_NUM_THREADS=1 python -m tests.benchmarks.profile_step results/backbones aotgan 64 4 engine 2 '{"width": 16}'`: the
folder of pretrained networks, system, side in pixels, pictures a step, `plain` or `engine`, steps, settings.
"""

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch.profiler import ProfilerActivity, profile

from lacuna.training.benchmark import Measured, _listed, _ways

if __name__ == "__main__":
    backbones, system, size, batch, way, steps, settings = sys.argv[1:]
    torch.set_num_threads(1)
    measured = Measured(backbones, system, json.loads(settings), int(size), int(batch), int(batch), 1)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        step = _ways(stack, measured, _listed(Path(folder), measured), (way,))[way]
        for _ in range(4):  # so that what is kept is there, most of it
            step()
        began = time.process_time()
        for _ in range(int(steps)):
            step()
        print(f"{(time.process_time() - began) / int(steps):.3f} s of the processor a step")
        with profile(activities=[ProfilerActivity.CPU]) as profiled:
            for _ in range(int(steps)):
                step()
        print(profiled.key_averages().table(sort_by="self_cpu_time_total", row_limit=15))
