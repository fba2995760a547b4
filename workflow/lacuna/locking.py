"""One process at a time in a folder, however many were started."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lacuna.errors import LacunaError
from lacuna.files import naming

LOCK = ".lock"
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


def lock(stream: IO, wait: bool = False) -> None:
    """Lock an open file until this process ends or closes it.

    While another process holds it this one waits if it is told to, else a `BlockingIOError` is raised.

    Where the system knows no such locks (Windows), nobody is refused.
    """
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


@contextmanager
def alone_in(folder: str | Path, job: str, of: str = "", wait: bool = False) -> Iterator[None]:
    """While entered, this process alone does `job` ("training") in `folder`, which is made if there is none.

    of: the file of the folder that the job makes, where jobs of other files may run beside it; empty: none may.
    wait: a second one waits for its turn.

    Else a second one, such as a job that Snakemake starts again while the one that outlived it still runs, is refused
    by a `LacunaError` that names the process. The lock is the process's own: the system frees it however the process
    ends. The file stays, because a lock on a file that others may remove holds nothing. On a file system that knows no
    locks nobody is refused.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (f".{of}{LOCK}" if of else LOCK)
    with path.open("a+") as stream:
        with naming(path):
            try:
                lock(stream, wait)
            except BlockingIOError:
                stream.seek(0)
                holder = stream.read().strip() or "another process is at work"
                raise LacunaError(
                    f"{holder} in {folder}; wait until it ends, or stop it, then run this again"
                ) from None
            except OSError as error:
                if error.errno not in WITHOUT_LOCKS:
                    raise
            stream.truncate(0)
            stream.write(f"process {os.getpid()} on {socket.gethostname()} is {job}\n")
            stream.flush()
        yield
