"""Free memory of NVIDIA's GPUs, asked of the driver (NVML): asked of CUDA, every GPU would be left with a context."""

from collections.abc import Iterable

import pynvml


def free_memory(uuids: Iterable[str]) -> dict[str, int]:
    """UUID → free bytes of the GPUs, or parts of GPUs (MIG), with these UUIDs, which are as PyTorch gives them.

    A UUID stands for a GPU whatever CUDA_VISIBLE_DEVICES leaves out or puts in another order. `pynvml.NVMLError` where
    NVML is not installed, no driver answers, or it does not know such a GPU.
    """
    pynvml.nvmlInit()
    try:
        return {uuid: int(pynvml.nvmlDeviceGetMemoryInfo(_handle(uuid)).free) for uuid in uuids}
    finally:
        pynvml.nvmlShutdown()


def _handle(uuid: str):
    try:
        return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
    except (pynvml.NVMLError_NotFound, pynvml.NVMLError_InvalidArgument):
        return pynvml.nvmlDeviceGetHandleByUUID(f"MIG-{uuid}")
