"""A system's network as one ONNX graph: `image`, `mask` → `raw`.

The graph is traced by PyTorch's TorchScript exporter. The newer one, by `torch.export`, takes ten times as long for
these networks and stops at the checks of sizes that they begin with; both write standard operators only.
"""

import copy
import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn

from lacuna.canonical import canonical_json, digest
from lacuna.export.tracing import write_graph
from lacuna.systems.base import System

OPSET = 17  # of ONNX 1.12: what every ONNX Runtime since 2022 reads, the one for browsers included
BATCH_AND_SIZE = {0: "batch", 2: "height", 3: "width"}


class RawPrediction(nn.Module):
    """The network without its side outputs."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return self.network(image, mask).raw


def export_network(system: System, path: str | Path, height: int, width: int, opset: int | None = None) -> dict:
    """Write the network's graph to `path`, whole or not at all; returns the record of what was written.

    Inputs: `image` float32 N×3×H×W, RGB, [0, 1]; `mask` float32 N×1×H×W, 1 = hole. Output: `raw` float32 N×3×H×W, not
    clamped. Batch, height and width are free; H and W must be what `size` in the record says. height, width: of the
    pictures that the graph is traced with, in pixels; enlarged to the next size that the network takes. The network
    stays as it is. An operator that ONNX does not have is a `LacunaError` that names it.
    """
    prepared = reproducible(system)
    rows, columns = tracing_size(prepared, height, width)
    image, mask = torch.full((2, 3, rows, columns), 0.5), torch.zeros(2, 1, rows, columns)
    mask[..., rows // 4 : rows // 2, columns // 4 : columns // 2] = 1
    record = {"graph": "network", **about(prepared), "opset": opset or OPSET}
    axes = dict.fromkeys(("image", "mask", "raw"), BATCH_AND_SIZE)
    return write_graph(RawPrediction(prepared.network), {"image": image, "mask": mask}, "raw", axes, path, record)


def reproducible(system: System) -> System:
    """A copy of the system on the CPU, in evaluation mode, that draws no random numbers: what the graph computes.

    Only TFill draws any; its setting `noise_in_prediction` is off in the copy.
    """
    prepared = copy.copy(system)
    prepared.network = copy.deepcopy(system.network).cpu().float().eval().requires_grad_(False)
    if hasattr(system.recipe, "noise_in_prediction"):
        prepared.recipe = dataclasses.replace(system.recipe, noise_in_prediction=False)
        for part in prepared.network.modules():
            if hasattr(part, "in_prediction"):
                part.in_prediction = False
    return prepared


def tracing_size(system: System, height: int, width: int) -> tuple[int, int]:
    """The next height and width that the network takes."""
    return system.padded_size(height), system.padded_size(width)


def about(system: System) -> dict:
    """The record's part that holds for every graph of a system: name, settings, sizes."""
    settings = dataclasses.asdict(system.recipe)
    return {
        "system": system.facts.name,
        "settings_digest": digest(canonical_json(settings)),
        "size": {
            "dynamic": ["batch", "height", "width"],
            "multiple": system.size_multiple,
            "minimum": system.minimal_size,
        },
    }
