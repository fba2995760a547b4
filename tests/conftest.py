"""What tests of several packages share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lacuna import downloading
from lacuna.backbones.catalogue import backbone
from lacuna.backbones.fetching import fetch
from lacuna.errors import LacunaError
from tests.serving import misbehaving

pytest_plugins = ["tests.alone"]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker a core that this process may use; eight at most, as each holds torch in memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 8)


@pytest.fixture
def server(monkeypatch):
    """A server on loopback that behaves as `server.turns` says (`tests.serving`); nobody waits between attempts."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(downloading, "SECONDS_BETWEEN_ATTEMPTS", 0.0)
    with misbehaving() as behaviour:
        yield behaviour


@pytest.fixture(scope="session")
def backbones() -> Callable[..., Path]:
    """`backbones("vgg16", "lpips_alex")`: the folder that holds them, fetched into `results/backbones` if missing.

    Where they cannot be had the test is skipped with the reason; on CI that is a failure.
    """
    folder = Path(__file__).parents[1] / "results" / "backbones"

    def need(*names: str) -> Path:
        for name in names:
            path = folder / backbone(name).file
            try:
                if not path.is_file():
                    fetch(name, path)
            except LacunaError as error:
                if os.environ.get("CI"):
                    raise
                pytest.skip(str(error))
        return folder

    return need
