"""A process of its own for somebody's network: started, asked, timed, and ended when it takes too long."""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from lacuna.contestants import _worker
from lacuna.contestants._messages import receive, send
from lacuna.contestants._program import MOST_MESSAGES, end_session, ended, ends_with_its_parent
from lacuna.errors import LacunaError


class Network:
    """A worker, from its start on. said: what it says of the file. startup: seconds until then. peak: bytes at most."""

    def __init__(self, process: subprocess.Popen, time_limit: float):
        self.process, self.time_limit = process, time_limit
        self.peak: int | None = None
        began = time.monotonic()
        self.until = began + time_limit
        head, _ = self._answer()
        self.startup = time.monotonic() - began
        self.said: dict = head["ready"]
        self.without_network: bool = head["without_network"]

    def run(self, head: dict, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """Arrays for arrays. Errors: a `LacunaError` that begins with a verb."""
        with contextlib.suppress(OSError):  # it has ended, which the answer says
            send(self._write, head, arrays)
        return self._answer()[1]

    def run_named(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The same for arrays by name, as `inpainting.interfaces` gives them."""
        return self.run({"names": list(inputs)}, list(inputs.values()))

    def ports(self, which: str) -> list:
        """`inputs` or `outputs` as ONNX Runtime describes them."""
        return [SimpleNamespace(name=name, type=kind, shape=shape) for name, kind, shape in self.said[which]]

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(self.process.stdin, for_writing=True)
            rest = rest[os.write(self.process.stdin.fileno(), rest) :]  # type: ignore[union-attr]

    def _read(self, number: int) -> bytes:
        data = bytearray()
        while len(data) < number:
            self._wait(self.process.stdout)
            part = os.read(self.process.stdout.fileno(), number - len(data))  # type: ignore[union-attr]
            if not part:
                break
            data += part
        return bytes(data)

    def _wait(self, stream, for_writing: bool = False) -> None:
        left = self.until - time.monotonic()
        reading, writing = ([], [stream]) if for_writing else ([stream], [])
        if left <= 0 or not any(select.select(reading, writing, [], left)):
            raise LacunaError(f"was ended after {self.time_limit:g} seconds, its 'time_limit'")

    def _answer(self) -> tuple[dict, list[np.ndarray]]:
        try:
            head, arrays = receive(self._read)
        except LacunaError as error:
            if str(error) == "ended":
                raise LacunaError(f"{ended(self.process.wait())} in the middle of its work") from None
            raise
        if "error" in head:
            raise LacunaError(str(head["error"])[:300])
        self.peak = max(self.peak or 0, head.get("peak") or 0) or None
        return head, arrays


@contextmanager
def served(asked: dict, log: Path, time_limit: float) -> Iterator[Network]:
    """A network in a process of its own, which is ended afterwards. asked: as `_worker` takes it; log: what it says.

    Errors: a `LacunaError` that begins with a verb, for a file that cannot be used.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", _worker.__name__, json.dumps(asked)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    how = {"start_new_session": True, "bufsize": 0, "preexec_fn": ends_with_its_parent}
    process = subprocess.Popen(words, env=_variables(asked), **pipes, **how)  # type: ignore[call-overload]
    os.set_blocking(process.stdin.fileno(), False)
    keeper = threading.Thread(target=_keep, args=(process.stderr, log), daemon=True)
    keeper.start()
    try:
        yield Network(process, time_limit)
    finally:
        end_session(process.pid)
        process.wait()
        keeper.join(1)
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def _keep(stream, log: Path) -> None:
    """The worker may write no file, so that its messages are written here."""
    kept = 0
    with log.open("wb") as messages:
        while part := stream.read(1 << 16):
            if kept < MOST_MESSAGES:
                messages.write(part)
                messages.flush()
            kept += len(part)


def _variables(asked: dict) -> dict[str, str]:
    found = dict(os.environ)
    if not asked["gpus"]:
        found["CUDA_VISIBLE_DEVICES"] = ""
    if not asked.get("fetches"):
        found |= {"HF_HUB_OFFLINE": "1"}
    return found
