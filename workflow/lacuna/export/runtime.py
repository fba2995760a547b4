"""Exported graphs in ONNX Runtime, between tensors."""

from pathlib import Path

import onnxruntime
import torch
from torch import Tensor, nn

from lacuna.export.session import open_session, run_session
from lacuna.systems.base import Prediction


def session_on(path: str | Path, device: torch.device, threads: int = 1) -> onnxruntime.InferenceSession:
    """`open_session` on PyTorch's device."""
    return open_session(path, (device.index or 0) if device.type == "cuda" else None, threads)


def answer(session: onnxruntime.InferenceSession, path: str | Path, **inputs: Tensor) -> Tensor:
    """The graph's only output, on the CPU. Errors: `GraphFails` with ONNX Runtime's reason."""
    return torch.from_numpy(
        run_session(session, path, **{name: each.cpu().numpy() for name, each in inputs.items()})[0]
    )


class InRuntime(nn.Module):
    """A graph in a network's place: the system pads, and predicts, as it does with the network itself."""

    def __init__(self, path: str | Path, device: torch.device, threads: int = 1):
        super().__init__()
        self.path, self.session = path, session_on(path, device, threads)

    def forward(self, image: Tensor, mask: Tensor) -> Prediction:
        return Prediction(answer(self.session, self.path, image=image, mask=mask))
