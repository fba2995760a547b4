import errno
import fcntl
import os
import subprocess
import sys

import pytest

from lacuna.errors import LacunaError
from lacuna.locking import alone_in

HOLD = """
import sys
from lacuna.locking import alone_in
with alone_in(sys.argv[1], "training"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_refused_and_named_until_it_ends_however(tmp_path):
    folder = tmp_path / "new" / "job"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"
    with pytest.raises(LacunaError, match=f"process {other.pid} on .* is training in {folder}"), alone_in(folder, "x"):
        pass
    with pytest.raises(LacunaError, match=f"process {other.pid}"), alone_in(folder, "x"):  # a refusal forgets nothing
        pass
    other.kill()
    other.communicate()
    with alone_in(folder, "training"):
        pass


def test_an_error_inside_frees_the_folder(tmp_path):
    with pytest.raises(OSError), alone_in(tmp_path, "training"):
        raise OSError("of the job")
    with alone_in(tmp_path, "training"):
        pass


def test_jobs_of_other_files_may_run_in_the_folder(tmp_path):
    with alone_in(tmp_path, "making a.csv", "a.csv"), alone_in(tmp_path, "making b.csv", "b.csv"):
        with pytest.raises(LacunaError, match=f"is making a.csv in {tmp_path}; wait"), alone_in(tmp_path, "x", "a.csv"):
            pass
        assert sorted(path.name for path in tmp_path.iterdir()) == [".a.csv.lock", ".b.csv.lock"]


def test_a_file_system_without_locks_refuses_nobody(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(fcntl, "flock", flock)
    with alone_in(tmp_path, "training"):
        pass
