"""Running somebody's program: with a time limit, its messages in a file, its memory watched, nothing left behind."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lacuna.errors import LacunaError

MOST_MESSAGES = 50_000_000  # bytes
_SYSTEM = ctypes.CDLL(None) if os.name == "posix" else None
PAUSE = 0.02  # seconds between two looks at a program


@dataclass(frozen=True)
class Ran:
    """seconds: from the start to the end. peak_memory: bytes, None where the system does not tell (not Linux)."""

    seconds: float
    peak_memory: int | None


def run_program(command: Sequence[str], folder: Path, environment: dict[str, str], log: Path, time_limit: float) -> Ran:
    """Run a program to its end; what it says is added to `log`, and it reads nothing.

    folder: its working directory. No shell reads the words. Whatever of its session still runs afterwards, or when
    this process is stopped, is ended. Errors: a `LacunaError` that begins with a verb for a program that cannot be
    started, ends with another status than 0, runs longer than `time_limit` seconds, or says more than 50 MB.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as messages:
        began, start = time.monotonic(), messages.tell()
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=messages,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=ends_with_its_parent,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LacunaError(f"cannot be started ({reason})") from None
        peak = 0
        try:
            while True:
                try:
                    process.wait(PAUSE)
                    break
                except subprocess.TimeoutExpired:
                    peak = max(peak, resident(process.pid))
                if time.monotonic() - began > time_limit:
                    raise LacunaError(f"was ended after {time_limit:g} seconds, its 'time_limit'")
                if messages.seek(0, os.SEEK_END) - start > MOST_MESSAGES:
                    raise LacunaError(f"was ended because it said more than {MOST_MESSAGES // 1_000_000} MB")
        finally:
            seconds = time.monotonic() - began
            end_session(process.pid)
            process.wait()
    if process.returncode:
        raise LacunaError(f"{ended(process.returncode)}{last_line(log, start)}")
    return Ran(seconds, max(peak, _largest_child()) or None)


def ends_with_its_parent() -> None:
    """For the new process: where Linux can, it is ended when the process that started it is gone, killed or not."""
    prctl = getattr(_SYSTEM, "prctl", None)
    if prctl is not None:
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def ended(status: int) -> str:
    """How a process ended, in words. status: as `subprocess` has it."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    return f"was ended by signal {name}" + " (too little memory?)" * (status == -signal.SIGKILL)


def last_line(log: Path, start: int = 0) -> str:
    """`, saying '…'`: the last line of a log after a place in it; empty if there is none."""
    with log.open("rb") as stream:
        stream.seek(max(start, log.stat().st_size - 4000))
        lines = [line.strip() for line in stream.read().decode(errors="replace").splitlines() if line.strip()]
    text = "".join(each for each in lines[-1] if each.isprintable())[:160] if lines else ""
    return f", saying '{text}'" if text else ""


def end_session(session: int) -> None:
    """End every process of a session. Linux tells which; elsewhere the group that its leader made."""
    for process in {session, *members(session)}:
        for end in (os.killpg, os.kill):
            try:
                end(process, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue


def members(session: int) -> list[int]:
    """The processes of a session; none where the system does not tell."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[3]) == session:
            found.append(int(folder.name))
    return found


def resident(session: int) -> int:
    """Bytes of memory that the processes of a session hold; what they share counts for each."""
    total = 0
    for process in members(session):
        try:
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            continue  # as above
    return total


def _largest_child() -> int:
    """Bytes of the largest process that this one has waited for: what a program held between two looks at it."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
