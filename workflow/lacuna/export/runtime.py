"""Exported graphs in ONNX Runtime."""

from pathlib import Path

import onnxruntime
import torch
from torch import Tensor, nn

from lacuna.errors import LacunaError
from lacuna.systems.base import Prediction

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class GraphFails(LacunaError):
    """ONNX Runtime cannot run a graph, or makes nothing of use with it: a finding about the graph, not a mistake."""


def open_session(path: str | Path, device: torch.device, threads: int = 1) -> onnxruntime.InferenceSession:
    """A graph, ready to run: by CUDA on the device where ONNX Runtime has it, else by the CPU.

    `session.get_providers()` says which it became. CUDA computes in full single precision. Errors: `LacunaError` for a
    missing file, `GraphFails` for what ONNX Runtime cannot run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # its errors are raised, and need not be printed too
    providers: list = [CPU]
    if device.type == "cuda" and CUDA in onnxruntime.get_available_providers():
        onnxruntime.preload_dlls()  # those that came with PyTorch
        providers.insert(0, (CUDA, {"device_id": device.index or 0, "use_tf32": 0}))
    if not Path(path).is_file():
        raise LacunaError(f"{path} is missing; make it again by the rule 'export'")
    return _asked(path, onnxruntime.InferenceSession, str(path), options, providers=providers)


def answer(session: onnxruntime.InferenceSession, path: str | Path, **inputs: Tensor) -> Tensor:
    """The graph's only output, on the CPU. Errors: `GraphFails` with ONNX Runtime's reason."""
    arrays = {name: tensor.cpu().numpy() for name, tensor in inputs.items()}
    return torch.from_numpy(_asked(path, session.run, None, arrays)[0])


def _asked(path, function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except Exception as error:  # ONNX Runtime's errors have no common class of their own
        reason = " ".join(str(error).split())[:300]
        raise GraphFails(f"ONNX Runtime cannot run {Path(path).name}: {reason}") from error


class InRuntime(nn.Module):
    """A graph in a network's place: the system pads, and predicts, as it does with the network itself."""

    def __init__(self, path: str | Path, device: torch.device, threads: int = 1):
        super().__init__()
        self.path, self.session = path, open_session(path, device, threads)

    def forward(self, image: Tensor, mask: Tensor) -> Prediction:
        return Prediction(answer(self.session, self.path, image=image, mask=mask))
