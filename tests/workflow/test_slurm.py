"""The workflow on a real SLURM of three nodes, by its profile: what runs where, and what is left when things die."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from lacuna.training.state import read_note
from tests.tiny import TINY
from tests.workflow.conftest import copy_repository
from tests.workflow.slurm import Cluster, missing, wait_for

pytestmark = pytest.mark.slow

# A network that takes its time where a test says so, and learns what it learns without: it is caught in the middle.
PATIENT = '''\
"""DeepFillv2 that waits at every step as many seconds as a file 'slow' in the folder says."""

import time
from dataclasses import replace
from pathlib import Path

from lacuna.systems.deepfillv2 import DeepFillv2


class Patient(DeepFillv2):
    """Slow on demand."""

    facts = replace(DeepFillv2.facts, name="patient")

    def learn(self, image, mask, optimizers, backward):
        if Path("slow").exists():
            time.sleep(float(Path("slow").read_text()))
        return super().learn(image, mask, optimizers, backward)


SYSTEM = Patient
'''
# Every step notes where it runs; the predictions of Telea end with an error where a test says so.
NOTING = """\
import os, sys
words = sys.orig_argv
if words[2:4] == ["lacuna", "step"]:
    seen = [os.environ.get(name, "-") for name in ("SLURM_JOB_ID", "SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES")]
    with open({notes!r}, "a") as stream:
        stream.write(" ".join([words[4], *seen]) + "\\n")
    if os.environ.get("BREAK") and words[4] == "predict" and '"telea"' in words[6]:
        print("broken by the test", file=sys.stderr, flush=True)
        os._exit(7)
"""
CONFIG = {
    **TINY,
    "run": "far",
    "image_sets": {
        **TINY["image_sets"],
        "rockets": {"kind": "package", "images": ["skimage:data/rocket.jpg"], "count": 3, "crop": "random"},
    },
    "test_sets": ["mine", "rockets"],
    "systems": {"telea": None, "patient": {"settings": {"width": 4, "discriminator_width": 4}}},
    "training": {**TINY["training"], "iterations": 41, "validate_every": 20, "checkpoint_every": 3},
}
TABLES = [f"results/far/tables/{name}.csv" for name in ("quantitative", "leaderboard")]
TRAINED = "results/far/training/patient/scenes"
WEIGHTS = f"{TRAINED}/weights.safetensors"
PROFILE = ("--workflow-profile", "workflow/profiles/slurm")
# The plugin asks SLURM once in 40 seconds and, where nothing has ended, less and less often.
IMPATIENT = """\
import asyncio, sys
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.sleep = lambda self: asyncio.sleep(1)
from snakemake.cli import main

sys.argv[0] = "snakemake"
main()
"""


@dataclass
class Run:
    """A folder that Snakemake works in, and the SLURM that it sends its jobs to, if any."""

    folder: Path
    cluster: Cluster | None = None
    started: list[subprocess.Popen] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What Snakemake says."""
        return self.folder / "said.txt"

    def start(self, *words: str, **environment: str) -> subprocess.Popen:
        """Snakemake in a session of its own."""
        where = self.cluster.environment if self.cluster else os.environ
        given = {key: value for key, value in where.items() if not key.startswith("PYTEST")}
        given |= {"PYTHONPATH": str(self.folder / "noting"), "OMP_NUM_THREADS": "1", **environment}
        kind = (
            ("--slurm-init-seconds-before-status-checks", "1", *PROFILE)
            if self.cluster
            else ("--cores", "2", "--resources", "gpu=0")
        )
        with self.log.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", IMPATIENT, *words, *kind],
                cwd=self.folder,
                env=given,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def stop(self) -> None:
        """Let nothing run on that a test which failed left behind."""
        if [process for process in self.started if process.poll() is None and not process.kill()]:
            self.cluster.ask("scancel", "--me")
            wait_for(lambda: not self.cluster.ask("squeue", "-h"), "the queue is empty")
            self.end(self.start("--unlock"))

    def end(self, process: subprocess.Popen, status: int = 0) -> str:
        """What Snakemake said, when it is at its end."""
        assert process.wait(timeout=900) == status, self.said()[-6000:]
        return self.said()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def contents(self, *paths: str) -> list[bytes]:
        return [(self.folder / path).read_bytes() for path in paths]

    def notes(self) -> list[list[str]]:
        """Of every step that was started: its name, the job of SLURM, the node, and the device that it may use."""
        return [line.split() for line in (self.folder / "notes").read_text().splitlines()]

    def train_slowly(self, seconds: float, *words: str) -> subprocess.Popen:
        """Begin the training anew, as if it had never been, with that many seconds more a step."""
        shutil.rmtree(self.folder / TRAINED)
        (self.folder / "slow").write_text(str(seconds))
        return self.start(WEIGHTS, *words)

    def go_on_quickly(self) -> None:
        (self.folder / "slow").unlink()

    def state_after(self, step: int) -> int:
        """Wait for a state of a later step, and return its step."""

        def newest() -> int:
            slots = (self.folder / TRAINED / "state").glob("slot_?.safetensors")
            return max((read_note(slot)["steps"] for slot in slots), default=0)

        return wait_for(lambda: max(newest() - step, 0), f"a state after step {step}") + step

    def goes_on_from(self) -> int:
        """The step that the training goes on from by its log; 0 if it began anew, or says nothing yet."""
        log = self.folder / "results/far/logs/train/patient.scenes.log"
        found = re.match(r"going on from step (\d+) ", log.read_text() if log.is_file() else "")
        return int(found[1]) if found else 0

    def running(self) -> list[str]:
        """The numbers of trainings that SLURM has on a node."""
        return [job["JobId"] for job in self.cluster.of_rule("train", "RUNNING")]


def copied(folder: Path) -> Path:
    copy_repository(folder)
    (folder / "workflow/lacuna/systems/patient.py").write_text(PATIENT)
    (folder / "config/config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    (folder / "noting").mkdir()
    (folder / "noting/sitecustomize.py").write_text(NOTING.format(notes=str(folder / "notes")))
    return folder


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if lacking := missing():
        pytest.skip(f"no SLURM: {', '.join(lacking)} not found; install it ('apt-get install slurm-wlm munge')")
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def far(cluster, tmp_path_factory) -> Run:
    """Where the tests work."""
    return Run(copied(tmp_path_factory.mktemp("far")), cluster)


@pytest.fixture(scope="module")
def broken(far) -> str:
    """What Snakemake said of the first run, in which the predictions of Telea failed."""
    return far.end(far.start(*TABLES, "--retries", "0", BREAK="1"), status=1)


@pytest.fixture(scope="module")
def whole(far, broken) -> list[dict[str, str]]:
    """The jobs up to the tables: the run was started once more, and finished."""
    far.end(far.start(*TABLES))
    return far.cluster.jobs()


@pytest.fixture(autouse=True)
def cleared(far) -> Iterator[None]:
    yield
    far.stop()


@pytest.fixture(scope="module")
def near(tmp_path_factory) -> Run:
    """The same without a SLURM."""
    run = Run(copied(tmp_path_factory.mktemp("near")))
    run.end(run.start(*TABLES))
    return run


def test_a_failing_job_names_its_log_and_the_others_are_finished(far, broken):
    log = far.folder / "results/far/logs/predict/telea.untrained.mine.log"
    assert "broken by the test" in log.read_text()
    assert f"log: {log.relative_to(far.folder)} (check log file(s) for error details)" in broken
    assert "broken by the test" in broken  # the log itself
    failed = far.cluster.of_rule("predict", "FAILED")
    assert len(failed) == 2
    for job in failed:
        assert (
            f"SLURM-job '{job['JobId']}' failed" in broken and Path(job["StdOut"]).is_file() and job["StdOut"] in broken
        )
    assert (far.folder / "results/far/scores/patient/scenes/mine.parquet").is_file()


def test_the_tables_are_those_of_a_run_without_a_cluster(far, near, whole):
    wanted = [*TABLES, WEIGHTS]
    assert far.contents(*wanted) == near.contents(*wanted)
    again = [job["Comment"].split("_")[1] for job in whole[len(whole) - 4 :]]
    assert sorted(again) == ["predict", "predict", "score", "tabulate"]  # the rest was not made a second time


def test_jobs_that_take_a_gpu_run_one_by_one_on_its_node_and_the_others_beside_them(far, whole):
    with_gpu = [job for job in whole if job.get("TresPerJob") == "gres:gpu:1"]
    without = [job for job in whole if job not in with_gpu]
    assert [job["Comment"].split("_")[1] for job in with_gpu] == ["train", "predict", "predict"]
    assert {job["NodeList"] for job in with_gpu} == {"g1"} and {job["NodeList"] for job in without} == {"c1"}
    for one, next_one in pairwise(with_gpu):
        assert one["EndTime"] <= next_one["StartTime"]
    one, next_one = with_gpu[1:]
    assert next_one["SubmitTime"] < one["EndTime"]  # it waited
    training = with_gpu[0]
    assert any(job["StartTime"] < training["EndTime"] and training["StartTime"] < job["EndTime"] for job in without)
    seen = {number: (node, device) for _, number, node, device in far.notes() if number != "-"}
    assert seen == {job["JobId"]: ("g1", "0") if job in with_gpu else ("c1", "-") for job in whole}


def test_a_cancelled_job_and_a_dead_node_cost_the_steps_since_the_last_state(far, near, whole):
    cluster = far.cluster
    process = far.train_slowly(1)
    far.state_after(0)
    (first,) = far.running()
    cluster.ask("scancel", first)
    second = wait_for(lambda: set(far.running()) - {first}, "it is tried again").pop()
    assert f"SLURM-job '{first}' failed, SLURM status is: 'CANCELLED'" in far.said()
    step = far.state_after(wait_for(far.goes_on_from, "it goes on"))
    cluster.kill_node("g1")
    wait_for(lambda: second not in far.running(), "SLURM misses the node")
    far.go_on_quickly()
    cluster.start_node("g1")
    far.end(process)
    assert far.goes_on_from() >= step
    assert far.contents(WEIGHTS) == near.contents(WEIGHTS)


def test_a_killed_snakemake_leaves_jobs_that_the_next_one_names(far, near, whole):
    process = far.train_slowly(1)
    step = far.state_after(0)
    process.kill()
    process.wait()
    (number,) = far.running()
    far.end(far.start("--unlock"))
    said = far.end(far.start(WEIGHTS), status=1).splitlines()[-1]
    assert said == (
        f"lacuna: SLURM has job {number} of an earlier Snakemake in this folder; "
        f"wait until the queue is empty, or 'scancel {number}', then run this again"
    )
    far.cluster.ask("scancel", number)
    wait_for(lambda: not far.running(), "the job is gone")
    far.go_on_quickly()
    far.end(far.start(WEIGHTS))
    assert far.goes_on_from() >= step
    assert far.contents(WEIGHTS) == near.contents(WEIGHTS)


def test_a_training_that_its_time_limit_stops_goes_on_where_it_was(far, near, whole):
    """Steps of twenty seconds: whoever does not wait for the step that was interrupted to end loses it."""
    asked = ("train:runtime=attempt", "train:slurm_extra=\"'--signal=TERM@5'\"")  # one minute, then two
    process = far.train_slowly(20, "--set-resources", *asked)
    stopped = wait_for(lambda: re.search(r"training was interrupted at step (\d+);", far.said()), "it stops", 600)
    far.go_on_quickly()
    far.end(process)
    assert far.goes_on_from() == int(stopped[1])
    assert far.contents(WEIGHTS) == near.contents(WEIGHTS)
    assert far.cluster.of_rule("train", "FAILED")[-1]["TimeLimit"] < far.cluster.of_rule("train")[-1]["TimeLimit"]


def test_a_training_on_two_gpus_is_one_job_of_the_node_that_has_both(far, near, whole):
    """Two processes on the CPU, as the GPUs are SLURM's alone: each has half of every batch."""
    weights = WEIGHTS.replace("far", "pair")
    for run in (far, near):
        config = {**CONFIG, "run": "pair", "training": {**CONFIG["training"], "devices": 2}}
        (run.folder / "pair.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    where = ("--set-resources", "train:slurm_partition=gpus")
    far.end(far.start(weights, "--configfile", "pair.yaml", *where))
    near.end(near.start(weights, "--configfile", "pair.yaml"))
    job = far.cluster.of_rule("train")[-1]
    asked = [job[name] for name in ("TresPerJob", "NumNodes", "NumCPUs")]
    assert (job["JobState"], job["NodeList"], *asked) == ("COMPLETED", "g2", "gres:gpu:2", "1", "2")
    assert [note[1:] for note in far.notes() if note[0] == "train"][-1] == [job["JobId"], "g2", "0,1"]
    assert far.contents(weights) == near.contents(weights)
    record = json.loads((far.folder / weights).with_name("record.json").read_text())
    assert record["devices"] == 2
