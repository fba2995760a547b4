"""Killed jobs, and what is the same afterwards: the bytes of everything, but of what holds times.

Twelve kills in an ordinary run. `LACUNA_KILLS=60 python -m pytest -n 0 -s -m kills tests` does sixty, says how many of
them ended in the same bytes, and fills the disk at more moments.
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
from tests.tiny import TINY
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
WRITING = KILLED | {
    "pair": ("mine",),
    "check_splits": (),
    "import_predictions": ("theirs", "elsewhere", "mine"),
    "measure": ("telea",),
    "resolve_config": (),
    "rulegraph": (),
    "gallery": (),
}
ROOMS = (0, 1, 2, 4, 8) if TRIED >= 60 else (0, 1)
CHAIN = ("results/killed/lists/mine.txt", "results/killed/scores/telea/untrained/mine.parquet")
CONFIG = "config/tiny.yaml"


@pytest.fixture(scope="module")
def killer(tmp_path_factory) -> Killer:
    """The run, finished once without a kill."""
    repository = copy_repository(tmp_path_factory.mktemp("killed"))
    (repository.folder / CONFIG).write_text(yaml.safe_dump({**TINY, "run": "killed"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository.folder)
        killer = Killer(repository.folder, Plan.of_file(CONFIG).jobs(), repository.folder / "log.txt")
        killer.make()
    return killer


@pytest.mark.parametrize("stage", KILLED)
def test_a_killed_job_ends_in_the_same_bytes(killer, stage):
    number = list(KILLED).index(stage)
    wanted = len(range(number, TRIED - OF_SNAKEMAKE, len(KILLED)))
    job, draw, killed = killer.named(stage, KILLED[stage]), random.Random(number), 0
    if stage == "report":
        killer.remake(job)  # it shows how long trainings and predictions took, and these were made again
    while killed < wanted:
        killer.forget(job, everything=stage == "train" or draw.random() < 0.5)
        killed += killer.kill(job, draw)
        if killed < wanted and draw.random() < 0.3:  # and a second time, before anything was made whole
            killed += killer.kill(job, draw)
        killer.finish(job)
        assert killer.differences() == [], f"after kill {killed} of {job.name}"
    print(f"{stage}: {killed} of {killed} kills ended in the same bytes")


@pytest.mark.parametrize("stage", WRITING)
def test_a_full_disk_is_one_sentence_and_loses_nothing(killer, stage):
    job, full = killer.named(stage, WRITING[stage]), 0
    if stage == "report":
        killer.remake(job)
    for room in ROOMS:
        killer.forget(job, everything=True)
        lines = killer.without_room(job, room)
        if lines is None:
            break
        full += 1
        killer.finish(job)  # before anything is asserted, because the other jobs build on it
        said = [line for line in lines if line.startswith("lacuna ")]
        assert lines[0] == "exit 1" and len(said) == 1 and lines[-1] == said[0], lines
        assert "Traceback" not in "".join(lines)
        assert said[0].startswith(f"lacuna step {stage}: no space is left on the disk mounted at /"), said
        assert " for " in said[0] and "results/killed" in said[0] and "partial" not in said[0], said
        assert " kept" in said[0], said
        assert killer.differences() == [], f"after {room} files"
    assert full


@pytest.fixture(scope="module")
def chain_seconds(killer) -> float:
    """How long Snakemake takes for the chain of jobs when nothing kills it."""
    forget_chain(killer)
    began = time.monotonic()
    assert snakemake(killer, CHAIN[-1]).wait() == 0, killer.log.read_text(errors="replace")[-2000:]
    return time.monotonic() - began


@pytest.mark.parametrize("number", range(OF_SNAKEMAKE))
def test_a_killed_snakemake_ends_in_the_same_bytes(killer, chain_seconds, number):
    """Killed with its jobs, alone, or asked to stop, at a random moment of a chain of jobs."""
    how = (signal.SIGKILL, True), (signal.SIGKILL, False), (signal.SIGTERM, False)
    sign, group = how[number % len(how)]
    draw = random.Random(100 + number)
    killed = False
    while not killed:
        forget_chain(killer)
        process = snakemake(killer, CHAIN[-1])
        try:
            process.wait(draw.uniform(0.2, 1.0) * chain_seconds)
        except subprocess.TimeoutExpired:
            (os.killpg if group else os.kill)(process.pid, sign)
            killed = process.wait() != 0
    assert snakemake(killer, "--unlock").wait() == 0
    while snakemake(killer, CHAIN[-1]).wait():
        said = killer.log.read_text(errors="replace")
        assert " is making " in said, said[-2000:]  # a job that outlived Snakemake
        killer.log.write_text("")
        time.sleep(1)
    assert killer.differences() == []
    print(f"Snakemake: killed by {sign.name}{' with its jobs' if group else ''}, the same bytes")


def forget_chain(killer: Killer) -> None:
    """Delete what the chain of jobs made."""
    for job in killer.jobs:
        if job.first in CHAIN or job.key.get("system") == "telea" and job.stage != "measure":
            killer.forget(job, everything=True)


def snakemake(killer: Killer, *words: str) -> subprocess.Popen:
    """Snakemake in a session of its own."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        *words,  # before `--configfile`, which takes several
        "--cores",
        "2",
        "--resources",
        "gpu=0",
        "--configfile",
        CONFIG,
    ]
    with killer.log.open("a") as log:
        return subprocess.Popen(command, cwd=killer.folder, stdout=log, stderr=log, start_new_session=True)
