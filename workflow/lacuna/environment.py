"""The environment that jobs inherit."""

import os
import sys
from pathlib import Path


def find_this_python() -> None:
    """Let jobs find the same Python and the same package, whether or not the virtual environment is activated."""
    package = str(Path(__file__).parents[1])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
