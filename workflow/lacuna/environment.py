"""The environment that jobs inherit."""

import os
import sys
from pathlib import Path


def find_this_python() -> None:
    """Let jobs find the same Python and the same package, whether or not the virtual environment is activated."""
    package = str(Path(__file__).parents[1])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    # Waiting threads that spin take the processors from the jobs beside them: measured, a step six times as slow.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
