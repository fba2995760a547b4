"""Running an ONNX file as anybody would, and what PyTorch says to the same."""

from collections.abc import Callable

import numpy as np
import onnxruntime
import torch
from torch import nn

from lacuna import systems
from lacuna.export.network import reproducible
from tests.systems.test_contract import fitting, pictures

SYSTEMS = tuple(
    name
    for name in systems.names()
    if systems.system_class(name).facts.kind == "deep" and not systems.system_class(name).without_graph
)


@torch.no_grad()
def responsive(name, **settings):
    """A system, untrained, whose prediction varies with its input; tiny, but for the settings given.

    Batch norms know the statistics of a few pictures, as after training. Weights are scaled as little as it takes:
    larger ones also enlarge the last bits, in which any two programs differ.
    """
    torch.manual_seed(0)
    system = systems.create(name, **settings or systems.system_class(name).small)
    norms = [part for part in system.network.modules() if isinstance(part, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    if norms:
        # of twice the smallest size: of a single pixel there are no statistics
        system.network.train()(*pictures([2 * side for side in fitting(system)], n=4))
    while _spread(system) > 1:
        _scale(system, 0.9)
    while _spread(system) < 0.03:
        _scale(system, 1.25)
    return system


def _spread(system) -> float:
    """The standard deviation of a prediction, on the scale [0, 1]."""
    return reproducible(system).network(*pictures(fitting(system))).raw.std().item()


def _scale(system, factor: float) -> None:
    for parameter in system.network.parameters():
        if parameter.dim() > 1:
            parameter.mul_(factor)


def loaded(path) -> Callable[..., np.ndarray]:
    """The graph in a file as a function of its inputs, by name, on the CPU."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(**inputs):
        (output,) = session.run(None, inputs)
        return output

    return run


@torch.no_grad()
def torch_raw(system, image, mask) -> np.ndarray:
    """The network's own raw prediction of N×3×H×W pictures of a size that it takes."""
    return reproducible(system).network(image, mask).raw.numpy()


def torch_composite(system, image, mask) -> np.ndarray:
    """The composite uint8 H×W×3, of a uint8 picture and a bool mask, padded as the end-to-end graph is to pad."""
    height, width = mask.shape
    margins = ((0, system.padded_size(height) - height), (0, system.padded_size(width) - width))
    picture = np.pad(image, (*margins, (0, 0)), mode="edge").transpose(2, 0, 1)[None].astype(np.float32) / 255
    hole = np.pad(mask, margins)[None, None].astype(np.float32)
    raw = torch_raw(system, torch.from_numpy(picture), torch.from_numpy(hole))[0, :, :height, :width]
    drawn = np.round(raw.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    return np.where(mask[..., None], drawn, image)
