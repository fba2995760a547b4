"""A system's network as one ONNX graph: `image`, `mask` → `raw`.

The graph is traced by PyTorch's TorchScript exporter. The newer one, by `torch.export`, writes these networks too, but
takes fifteen to fifty times as long (10 s of CPU for a tiny AOT-GAN, where this one takes 0.3 s).
"""

import copy
import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn

from lacuna.canonical import canonical_json, digest
from lacuna.errors import LacunaError
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
    clamped. Batch, height and width are free, where H and W are what `size` in the record says; for other sizes the
    caller pads. height, width: what the system was trained at, in pixels, for the record. opset: 17 unless told. The
    system stays as it is. A step that is not an operator of ONNX is a `LacunaError` that names it.
    """
    prepared = reproducible(system)
    image, mask = torch.full((2, 3, *tracing_size(prepared)), 0.5), torch.zeros(2, 1, *tracing_size(prepared))
    mask[..., 8:24, 20:40] = 1
    record = {"graph": "network", **about(prepared, height, width), "opset": opset or OPSET}
    axes = dict.fromkeys(("image", "mask", "raw"), BATCH_AND_SIZE)
    return write_graph(RawPrediction(prepared.network), {"image": image, "mask": mask}, "raw", axes, path, record)


def reproducible(system: System) -> System:
    """A copy of the system on the CPU, in evaluation mode, that draws no random numbers: what the graph computes.

    Those that draw any have a setting `noise_in_prediction`; it is off in the copy. A system of which no graph can be
    made is a `LacunaError` that says why.
    """
    if system.without_graph:
        raise LacunaError(f"system '{system.facts.name}' has no graph: {system.without_graph}; leave its export out")
    prepared = copy.copy(system)
    prepared.network = copy.deepcopy(system.network).cpu().float().eval().requires_grad_(False)
    if hasattr(system.recipe, "noise_in_prediction"):
        prepared.recipe = dataclasses.replace(system.recipe, noise_in_prediction=False)
        for part in prepared.network.modules():
            if hasattr(part, "in_prediction"):
                part.in_prediction = False  # type: ignore[assignment]  # a plain attribute, no part of the module
    return prepared


def tracing_size(system: System) -> tuple[int, int]:
    """Height and width of the picture that a graph is traced with.

    Small, for speed; and no square, so that no step which a network leaves out at its own size is left out here.
    """
    return system.padded_size(64), system.padded_size(system.padded_size(64) + 32)


def about(system: System, height: int, width: int) -> dict:
    """The record's part that holds for every graph of a system: name, settings, what it was trained at, sizes."""
    settings = dataclasses.asdict(system.recipe)
    return {
        "system": system.facts.name,
        "settings_digest": digest(canonical_json(settings)),
        "trained_at": [height, width],
        "size": {
            "dynamic": ["batch", "height", "width"],
            "multiple": system.size_multiple,
            "minimum": system.minimal_size,
        },
    }
