"""What a training writes down while it goes on: CSV rows, TensorBoard, and a line that `tail -f` can follow."""

import csv
import math
import time
from pathlib import Path

import torch
from torch import Tensor

from lacuna.errors import LacunaError
from lacuna.files import atomic, naming


class Table:
    """A CSV that grows by rows of numbers, first column `step`; its rows are also kept, for the checkpoint.

    NaN, of what was not computed, is an empty cell.

    Snakemake deletes the file of a job that was interrupted, so resuming writes it again from the checkpoint's rows.
    """

    def __init__(self, path: Path, rows: list[dict[str, float]]):
        self.path = path
        self.rows: list[dict[str, float]] = []
        path.unlink(missing_ok=True)
        for row in rows:
            self.append(row)

    def append(self, row: dict[str, float]) -> None:
        """Add a row; six significant digits."""
        self.rows.append(row)
        with naming(self.path), self.path.open("a", newline="") as stream:
            _write(stream, [row], header=len(self.rows) == 1)

    def write_whole(self) -> None:
        """All rows once more: Snakemake, started again beside a job that outlived it, may have deleted the file."""
        with atomic(self.path) as partial, partial.open("w", newline="") as stream:
            _write(stream, self.rows, header=True)


def _write(stream, rows: list[dict[str, float]], header: bool) -> None:
    columns = list(rows[0]) if rows else []
    writer = csv.writer(stream, lineterminator="\n")
    if header:
        writer.writerow(columns)
    writer.writerows([row[name] if name == "step" else _cell(row[name]) for name in columns] for row in rows)


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


class Means:
    """Means of named losses over the steps since they were last taken, each over those in which it was computed.

    pending: the steps since then. before: the rows that were logged. The first step of a training computes all losses.
    Losses are read when they are asked for, so that a step does not wait for a GPU.
    """

    def __init__(self, pending: list[dict[str, float]], before: list[dict[str, float]]):
        self._read = pending
        self._unread: list[tuple[int, list[str], Tensor]] = []
        self.names = [name for row in (before or pending)[:1] for name in row if name != "step"]

    def add(self, step: int, losses: dict[str, Tensor]) -> None:
        """The losses of a step, scalars; what rested is not among them."""
        self.names = self.names or list(losses)
        self._unread.append((step, list(losses), torch.stack([loss.float() for loss in losses.values()])))

    @property
    def pending(self) -> list[dict[str, float]]:
        """The rows of the steps, NaN for what rested; a loss that is not finite is a `LacunaError`."""
        for step, names, values in self._unread:
            row = dict(zip(names, values.tolist(), strict=True))
            for name, value in row.items():
                if not math.isfinite(value):
                    raise LacunaError(
                        f"loss '{name}' became {value} at step {step}; lower the learning rate or check the data"
                    )
            self._read.append({name: row.get(name, math.nan) for name in self.names})
        self._unread = []
        return self._read

    def take(self) -> dict[str, float]:
        """The means by name, NaN of what no step computed; then the next interval begins."""
        means, rows = {}, self.pending
        for name in self.names:
            computed = [row[name] for row in rows if not math.isnan(row[name])]
            means[name] = sum(computed) / len(computed) if computed else math.nan
        self._read = []
        return means


class Progress:
    """One line a report: step, seconds a step, losses, time left."""

    def __init__(self, iterations: int | None, seconds: float | None):
        self.iterations, self.seconds = iterations, seconds

    def start(self, step: int) -> None:
        """Measure the speed from here on (validations and checkpoints are left out by calling this after them)."""
        self._mark: tuple[int, float] = (step, time.monotonic())

    def show(self, step: int, elapsed: float, losses: dict[str, float]) -> None:
        done_before, then = self._mark
        pace = (time.monotonic() - then) / max(1, step - done_before)
        left = (self.iterations - step) * pace if self.iterations else max(0.0, (self.seconds or 0) - elapsed)
        of = f"/{self.iterations}" if self.iterations else ""
        values = "  ".join(f"{name} {value:.4g}" for name, value in losses.items() if not math.isnan(value))
        print(f"step {step}{of}  {pace:.3g} s/step  {values}  {_clock(left)} left", flush=True)
        self.start(step)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
