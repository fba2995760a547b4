"""Which GPU a job takes, on a pretended machine with two, whose driver (NVML) is a stand-in."""

import subprocess
import sys
from types import SimpleNamespace

import pynvml
import pytest
import torch

from lacuna.errors import LacunaError
from lacuna.nn import devices, gpu_memory


class Driver:
    """NVML's functions as `gpu_memory` calls them; `asked`: UUIDs. Every start must be ended."""

    def __init__(self, free: dict[str, int]):
        self.free, self.asked, self.started = free, [], 0

    def nvmlInit(self):  # noqa: N802
        self.started += 1

    def nvmlShutdown(self):  # noqa: N802
        self.started -= 1

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        self.asked.append(uuid)
        if uuid not in self.free:
            raise pynvml.NVMLError_NotFound()
        return uuid

    def nvmlDeviceGetMemoryInfo(self, handle):  # noqa: N802
        return SimpleNamespace(free=self.free[handle], total=100)


@pytest.fixture
def driver(monkeypatch):
    """The second visible GPU has more free memory; a third one, with most of it, is not visible."""
    stand_in = Driver({"GPU-0a": 10, "GPU-1b": 60, "GPU-2c": 90})
    for name in ("nvmlInit", "nvmlShutdown", "nvmlDeviceGetHandleByUUID", "nvmlDeviceGetMemoryInfo"):
        monkeypatch.setattr(pynvml, name, getattr(stand_in, name))
    return stand_in


@pytest.fixture
def two_gpus(monkeypatch, tmp_path, driver):
    """Locks lie in a folder of their own and are freed at the end. CUDA is not asked for memory."""
    visible = ["0a", "1b"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(visible))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda *_: pytest.fail("this leaves a context on the GPU"))
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=visible[index]))
    monkeypatch.setattr(devices.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(devices, "_held", [])
    yield visible
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


def test_gpus_are_known_by_their_uuid_and_not_by_their_number(two_gpus, driver):
    """CUDA_VISIBLE_DEVICES may leave some out and turn them round, and NVML does not read it."""
    two_gpus[:] = ["2c", "0a"]
    assert [devices.choose_device(1).index for _ in range(2)] == [0, 1]
    assert set(driver.asked) == {"GPU-2c", "GPU-0a"} and not driver.started


def test_a_part_of_a_gpu_is_found_under_its_own_name(two_gpus, driver):
    two_gpus[:] = ["0a", "5f"]
    driver.free["MIG-5f"] = 70
    assert devices.choose_device(1).index == 1


def test_the_only_visible_gpu_is_taken_without_a_question(two_gpus, driver):
    del two_gpus[1]
    assert devices.choose_device(1).index == 0 and not driver.asked


@pytest.mark.parametrize("error", [pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded])
def test_without_the_driver_gpus_are_tried_in_their_order(two_gpus, monkeypatch, error):
    def no_driver():
        raise error()

    monkeypatch.setattr(pynvml, "nvmlInit", no_driver)
    with pytest.warns(UserWarning, match="free memory of the GPUs is unknown .*, so they are tried in their order"):
        assert devices.choose_device(1).index == 0


def test_this_machine_s_driver_answers_or_says_why_not():
    """Nothing is a stand-in: what NVML itself raises where it is missing is what is caught."""
    with pytest.raises(pynvml.NVMLError):
        gpu_memory.free_memory(["00000000-0000-0000-0000-000000000000"])


def test_a_device_can_be_named(two_gpus, monkeypatch):
    assert [devices.named_device(name).type for name in ("cpu", "auto", "cuda")] == ["cpu", "cuda", "cuda"]
    with pytest.raises(LacunaError, match="no device 'mps' on this machine; choose cpu"):
        devices.named_device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.in_words(devices.named_device("mps")) == "Apple GPU"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.named_device("auto").type == "cpu"
    with pytest.raises(LacunaError, match="no device 'cuda'"):
        devices.named_device("cuda")


@pytest.mark.slow
def test_determinism_does_not_load_the_compiler():
    program = (
        "import sys, torch; from lacuna.nn.devices import make_deterministic; make_deterministic(1);"
        "print(torch.get_deterministic_debug_mode(), torch.get_num_threads(), 'torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1", "False"]
