"""Running somebody's program: with a time limit, its messages in a file, its memory watched, nothing left behind."""

import ctypes
import os
import re
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
LATER = 0.2  # seconds between two looks at its memory after its first second: each goes through all processes


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
        peak, look = 0, began
        try:
            while True:
                try:
                    process.wait(PAUSE)
                    break
                except subprocess.TimeoutExpired:
                    now = time.monotonic()
                if now >= look:
                    peak, look = max(peak, held(process.pid)), now + (PAUSE if now < began + 1 else LATER)
                if now - began > time_limit:
                    raise LacunaError(f"was ended after {time_limit:g} seconds, its 'time_limit'")
                if messages.seek(0, os.SEEK_END) - start > MOST_MESSAGES:
                    raise LacunaError(f"was ended because it said more than {MOST_MESSAGES // 1_000_000} MB")
        finally:
            seconds = time.monotonic() - began
            end_session(process.pid)
            process.wait()
    if process.returncode:
        raise LacunaError(f"{ended(process.returncode)}{last_line(log, start)}")
    return Ran(seconds, peak or None)


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


def held(session: int) -> int:
    """Bytes of memory that the processes of a session hold together, what they share counted for each, or that one of
    them has held at most, where that is more.

    What `getrusage` says of children is not asked: it is at least what this process held when it started them.
    """
    now, most = [0], [0]
    for process in members(session):
        try:
            text = Path(f"/proc/{process}/status").read_text()
        except OSError:
            continue  # as above
        for found, name in ((now, "VmRSS"), (most, "VmHWM")):
            found += [1024 * int(size) for size in re.findall(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)]
    return max(sum(now), *most)
