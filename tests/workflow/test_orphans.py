"""Trainings that outlive the Snakemake that started them, and states that were set aside."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from lacuna.files import read_rows, write_json
from tests.workflow.test_reruns import lacuna

pytestmark = pytest.mark.slow

FOLDER = "results/small/training/deepfillv2/scenes"
CONFIG = ("--configfile", "config/changed.yaml")


def test_a_second_training_is_refused_until_the_first_has_ended_and_no_row_stands_twice(fresh):
    systems = {"deepfillv2": {"settings": {"width": 4, "discriminator_width": 4}}}
    budget = {"iterations": 60, "batch_size": 2, "validate_every": 15, "checkpoint_every": 5, "log_every": 5}
    fresh.configure(systems=systems, training=budget)
    lists = [f"results/small/lists/scenes_{part}.txt" for part in ("train", "val")]
    assert fresh.snakemake(*lists, *CONFIG).returncode == 0
    target = (f"{FOLDER}/weights.safetensors", *CONFIG, "--cores", "1", "--resources", "gpu=0")
    first = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *target],
        cwd=fresh.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not any((fresh.folder / FOLDER / "state").glob("slot_*")):  # some steps are done
            assert first.poll() is None
            time.sleep(0.1)
        first.kill()  # Snakemake alone, as the system does when memory is short
        first.wait()
        holder = (fresh.folder / FOLDER / ".weights.safetensors.lock").read_text().strip()
        training = int(holder.split()[1])
        os.kill(training, signal.SIGSTOP)  # so that it outlasts what follows on any machine
        assert fresh.snakemake("--unlock", *CONFIG).returncode == 0
        refused = fresh.snakemake(*target)
        said = refused.stdout + refused.stderr
        assert refused.returncode != 0 and "Traceback" not in said
        assert f"lacuna step train: {holder} in {FOLDER}; wait until it ends, or stop it, then run this again" in said
        os.kill(training, signal.SIGCONT)
        os.kill(training, signal.SIGTERM)
        finished = None
        for _ in range(30):  # until the first one has written its last state
            finished = fresh.snakemake(*target)
            if finished.returncode == 0:
                break
            time.sleep(0.5)
        assert finished.returncode == 0, finished.stdout + finished.stderr
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(first.pid, signal.SIGKILL)
    folder = fresh.folder / FOLDER
    assert [int(row["step"]) for row in read_rows(folder / "validation.csv")] == [0, 15, 30, 45, 60]
    assert [int(row["step"]) for row in read_rows(folder / "losses.csv")] == list(range(5, 61, 5))


def test_states_set_aside_are_told_by_why_and_counted_by_check(fresh):
    """As `lacuna.training.sidecar` leaves them; the training itself was not finished since."""
    fresh.configure(systems={"deepfillv2": {"settings": {"width": 4, "discriminator_width": 4}}})
    folder = fresh.folder / FOLDER / "state" / "aside" / "1-0123"
    command = "lacuna train --settings '{}' --output weights.safetensors"
    write_json(folder / "reason.json", {"step": 7, "differs": ["settings.width was 8 and is 4"], "command": command})
    line = f"- step 7, in {FOLDER}/state/aside/1-0123: settings.width was 8 and is 4; this goes on from it: {command}"
    for path in (f"{FOLDER}/weights.safetensors", FOLDER, f"{FOLDER}/state/aside/1-0123"):
        done = lacuna(fresh, "why", path, *CONFIG)
        said = done.stdout
        assert "made by train (deepfillv2, scenes)" in said and "It is not there; " in said, done.stderr
        assert said.splitlines()[-2:] == ["States of this training that do not fit are set aside:", line]
    checked = lacuna(fresh, "check", *CONFIG)
    assert checked.returncode == 0
    assert f"{FOLDER}/weights.safetensors: states of other trainings set aside: 1; 'lacuna why' lists" in checked.stdout
