"""Which GPU a job takes, on a pretended machine with two."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from lacuna.errors import LacunaError
from lacuna.nn import devices


@pytest.fixture
def two_gpus(monkeypatch, tmp_path):
    """Device 1 has more free memory. Locks lie in a folder of their own and are freed at the end."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: (10, 80) if index == 0 else (60, 80))
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"gpu{index}"))
    monkeypatch.setattr(devices.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(devices, "_held", [])
    yield
    for stream in devices._held:
        stream.close()


def test_jobs_take_the_freest_gpu_first_then_the_other_then_share(two_gpus):
    assert [devices.choose_device(1).index for _ in range(3)] == [1, 0, 1]


def test_a_gpu_is_free_again_when_its_job_ends(two_gpus):
    assert devices.choose_device(1).index == 1
    devices._held.pop().close()
    assert devices.choose_device(1).index == 1


def test_no_gpu_asked_for_or_none_there_is_the_cpu(two_gpus, monkeypatch):
    assert devices.choose_device(0).type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.choose_device(1).type == "cpu"


def test_several_gpus_for_one_job_are_refused():
    with pytest.raises(LacunaError, match="one GPU at most"):
        devices.choose_device(2)


@pytest.mark.slow
def test_determinism_does_not_load_the_compiler():
    program = (
        "import sys, torch; from lacuna.nn.devices import make_deterministic; make_deterministic(1);"
        "print(torch.get_deterministic_debug_mode(), torch.get_num_threads(), 'torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1", "False"]
