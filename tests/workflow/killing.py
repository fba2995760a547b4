"""Jobs of a tiny run, started without the seconds of their imports, so that many can be killed in the middle.

A server process has the heavy libraries loaded and forks one process a job: `lacuna step` as the rules call it, in a
process group of its own.
"""

import builtins
import contextlib
import errno
import io
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from lacuna import sidecars
from lacuna.locking import LOCK
from lacuna.plan import Job

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "lacuna.cli",
        "lacuna.training.loop",
        "lacuna.metrics.scoring",
        "lacuna.export.verification",
        "lacuna.export.record",
    ]
    + [
        "lacuna.data.staging",
        "lacuna.reporting.making",
        "lacuna.reporting.page.writing",
        "onnxscript",
        "lacuna.steps.predict",
    ]
)

# What holds times, or is undeclared and says so: docs/faults.md
APART = ("logs", "benchmarks", "cost", "state", "tensorboard")


def _run(folder: Path, words: list[str], log: Path, room: int | None) -> None:
    os.setsid()
    os.chdir(folder)
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    from lacuna.cli import main

    if room is not None:
        _fill_disk(room)
    status = main(words)
    sys.stdout.flush()
    sys.exit(status)


def _fill_disk(room: int) -> None:
    """From the file number `room` that is opened for writing in results/, the disk is full: writes fail, as do names
    for files that libraries wrote themselves."""
    opened, results, left = io.open, str(Path("results").absolute()), [room]

    def is_full(path) -> bool:
        if not isinstance(path, str | os.PathLike) or str(path).endswith(LOCK):
            return False
        if not str(Path(path).absolute()).startswith(results):
            return False
        left[0] -= 1
        return left[0] < 0

    def open_(file, mode="r", *args, **kwargs):
        if set(mode) & set("wax+") and is_full(file):
            return opened("/dev/full", mode.translate(str.maketrans("xa", "ww")), *args, **kwargs)
        return opened(file, mode, *args, **kwargs)

    def refusing(original):
        def rename(source, target, *args, **kwargs):
            if left[0] <= 0 and is_full(target):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source), None, str(target))
            return original(source, target, *args, **kwargs)

        return rename

    builtins.open = io.open = open_
    for name in ("replace", "rename", "link"):
        setattr(os, name, refusing(getattr(os, name)))


@dataclass
class Killer:
    """The finished run in `folder`; its jobs are made again, killed on the way, and compared with what they were."""

    folder: Path
    jobs: list[Job]
    log: Path
    seconds: dict[str, float] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    @property
    def run(self) -> Path:
        """The folder of the run."""
        return Path(*Path(self.jobs[-1].first).parts[:2])

    def named(self, stage: str, key: tuple[str, ...]) -> Job:
        """The job of a stage and its wildcards."""
        return next(job for job in self.jobs if job.stage == stage and tuple(job.key.values()) == key)

    def start(self, job: Job, room: int | None = None):
        """The process of a job. room: files that it can write before the disk is full; None: all."""
        words = ["step", job.stage, "--job", job.text, "--gpus", "0", "--threads", "1"]
        process = CONTEXT.Process(target=_run, args=(self.folder, words, self.log, room))
        process.start()
        return process

    def finish(self, job: Job) -> None:
        """Run a job to its end, as Snakemake does: what it declares is deleted before."""
        self.forget(job, everything=False)
        began = time.monotonic()
        process = self.start(job)
        process.join()
        assert process.exitcode == 0, f"{job.name}: {self.log.read_text(errors='replace')[-2000:]}"
        self.seconds[job.first] = time.monotonic() - began

    def make(self) -> None:
        """Run all jobs in order, and remember what they made."""
        for job in self.jobs:
            self.finish(job)
        self.contents = self.tree()

    def remake(self, job: Job) -> None:
        """Make a result again, and compare with that from now on."""
        self.finish(job)
        self.contents |= {name: content for name, content in self.tree().items() if f"{self.run}/{name}" in job.files}

    def forget(self, job: Job, everything: bool) -> None:
        """Delete what a job declares and its record; `everything`: what it leaves beside, too."""
        for path in [*job.files, sidecars.path_of(job.first)]:
            path = self.folder / path
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if everything:
            for path in sorted({(self.folder / path).parent for path in job.files}):
                for pattern in job.beside:
                    for each in path.glob(pattern):
                        each.unlink()
                if job.stage == "train":
                    shutil.rmtree(path, ignore_errors=True)

    def kill(self, job: Job, draw: random.Random) -> bool:
        """Start a job and kill its process group at a random moment; whether that met it alive."""
        process = self.start(job)
        process.join(draw.uniform(0.02, 1.0) * self.seconds[job.first])
        number = draw.choice([signal.SIGKILL, signal.SIGTERM])
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.join()
        return process.exitcode != 0

    def without_room(self, job: Job, room: int) -> list[str] | None:
        """The lines of a job that finds the disk full after `room` files; None if it had room enough."""
        self.log.write_text("")
        process = self.start(job, room)
        process.join()
        if process.exitcode == 0:
            return None
        return [f"exit {process.exitcode}", *self.log.read_text(errors="replace").splitlines()]

    def differences(self) -> list[str]:
        """The files that are others than at first, more, or missing."""
        now = self.tree()
        names = now.keys() | self.contents.keys()
        return sorted(name for name in names if now.get(name) != self.contents.get(name))

    def tree(self) -> dict[str, bytes]:
        """The bytes of all results by path, but of those that hold times."""
        run = self.folder / self.run
        return {
            str(path.relative_to(run)): path.read_bytes()
            for path in sorted(run.rglob("*"))
            if path.is_file() and not _holds_times(path.relative_to(run))
        }


def _holds_times(path: Path) -> bool:
    return (
        path.name == "training_state.safetensors"
        or path.name.endswith((sidecars.ENDING, LOCK))
        or (path.parts[0] in ("training", "predictions") and path.name == "record.json")
        or bool(set(path.parts) & set(APART))
    )
