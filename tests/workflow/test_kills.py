"""Killed jobs, and what is the same afterwards: the bytes of everything, but of what holds times.

Twelve kills in an ordinary run. `LACUNA_KILLS=60 python -m pytest -n 0 -s -m kills tests` does sixty, and says how many
of them ended in the same bytes.
"""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
import yaml

from lacuna.plan import Plan
from tests.workflow.conftest import copy_repository
from tests.workflow.killing import Killer

pytestmark = [pytest.mark.kills, pytest.mark.slow]

TRIED = int(os.environ.get("LACUNA_KILLS", "12"))
OF_SNAKEMAKE = max(1, TRIED // 10)
KILLED = {
    "stage": ("mine",),
    "make_masks": ("few",),
    "train": ("deepfillv2", "scenes"),
    "predict": ("deepfillv2", "scenes", "mine"),
    "score": ("deepfillv2", "scenes"),
    "export": ("deepfillv2", "scenes"),
    "verify_export": ("deepfillv2", "scenes"),
    "table": ("scores",),
    "figure": ("training",),
    "report": (),
}
CHAIN = ("results/killed/lists/mine.txt", "results/killed/scores/telea/untrained/mine.parquet")
CONFIG = "config/tiny.yaml"
TINY = {
    "run": "killed",
    "title": "A run that is killed",
    "demonstration": True,
    "seed": 3,
    "image_size": [40, 32],
    "image_sets": {
        "learn": {"kind": "package", "images": ["skimage:data/coffee.png"], "count": 5, "crop": "random"},
        "held": {"kind": "package", "images": ["skimage:data/chelsea.png"], "count": 3, "crop": "random"},
        "mine": {"kind": "folder", "path": "photographs", "count": 3, "crop": "random"},
    },
    "mask_sets": {
        "many": {"kind": "strokes", "count": 5, "bins": 1},
        "few": {"kind": "boxes", "count": 3, "bins": 3, "coverage": [0.05, 0.5]},
    },
    "sources": {"scenes": {"train": "learn", "validation": "held"}},
    "train_masks": "many",
    "validation_masks": "few",
    "test_sets": ["mine"],
    "test_masks": "few",
    "systems": {"telea": None, "deepfillv2": {"settings": {"width": 4, "discriminator_width": 4}}},
    "training": {"iterations": 12, "batch_size": 2, "validate_every": 4, "checkpoint_every": 3, "log_every": 2},
    "metrics": ["psnr", "l1"],
    "sanity_rows": False,
    "studio": False,
    "figures": {"qualitative_images": 1},
    "measurement": {"seconds": 0.05, "largest_batch_cpu": 1},
}


@pytest.fixture(scope="module")
def killer(tmp_path_factory) -> Killer:
    """The run, finished once without a kill."""
    repository = copy_repository(tmp_path_factory.mktemp("killed"))
    (repository.folder / CONFIG).write_text(yaml.safe_dump(TINY))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository.folder)
        killer = Killer(repository.folder, Plan.of_file(CONFIG).jobs(), repository.folder / "log.txt")
        killer.make()
    return killer


def test_the_run_is_the_same_without_a_kill(killer):
    """So that a difference after a kill is the kill's."""
    for stage, key in KILLED.items():
        job = killer.named(stage, key)
        killer.forget(job, everything=True)
        killer.finish(job)
    assert killer.contents and killer.differences() == []


@pytest.mark.parametrize("stage", KILLED)
def test_a_killed_job_ends_in_the_same_bytes(killer, stage):
    number = list(KILLED).index(stage)
    wanted = len(range(number, TRIED - OF_SNAKEMAKE, len(KILLED)))
    job, draw, killed = killer.named(stage, KILLED[stage]), random.Random(number), 0
    while killed < wanted:
        killer.forget(job, everything=draw.random() < 0.5)
        killed += killer.kill(job, draw)
        if killed < wanted and draw.random() < 0.3:  # and a second time, before anything was made whole
            killed += killer.kill(job, draw)
        killer.finish(job)
        assert killer.differences() == [], f"after kill {killed} of {job.name}"
    print(f"{stage}: {killed} of {killed} kills ended in the same bytes")


@pytest.mark.parametrize("number", range(OF_SNAKEMAKE))
def test_a_killed_snakemake_ends_in_the_same_bytes(killer, number):
    """Killed with its jobs, alone, or asked to stop, at a random moment of a chain of jobs."""
    for job in killer.jobs:
        if job.first in CHAIN or job.key.get("system") == "telea" and job.stage != "measure":
            killer.forget(job, everything=True)
    how = (signal.SIGKILL, True), (signal.SIGKILL, False), (signal.SIGTERM, False)
    sign, group = how[number % len(how)]
    draw = random.Random(100 + number)
    process = snakemake(killer, CHAIN[-1])
    killed = True
    try:
        process.wait(draw.uniform(4, 20))
        killed = False
    except subprocess.TimeoutExpired:
        (os.killpg if group else os.kill)(process.pid, sign)
    process.wait()
    assert snakemake(killer, "--unlock").wait() == 0
    for _ in range(60):
        if snakemake(killer, CHAIN[-1]).wait() == 0:
            break
        assert " is making " in killer.log.read_text()  # a job that outlived Snakemake
        time.sleep(1)
    assert killer.differences() == []
    print(f"Snakemake: {'killed' if killed else 'had ended already'} by {sign.name}, the same bytes")


def snakemake(killer: Killer, *words: str) -> subprocess.Popen:
    """Snakemake in a session of its own."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        "--resources",
        "gpu=0",
        "--configfile",
        CONFIG,
        *words,
    ]
    with killer.log.open("a") as log:
        return subprocess.Popen(command, cwd=killer.folder, stdout=log, stderr=log, start_new_session=True)
