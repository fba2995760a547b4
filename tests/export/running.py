"""Running an ONNX file as anybody would, and what PyTorch says to the same."""

from collections.abc import Callable

import numpy as np
import onnxruntime
import torch

from lacuna import systems
from lacuna.export.network import reproducible
from tests.systems.test_contract import fitting, pictures

SYSTEMS = tuple(name for name in systems.names() if systems.system_class(name).facts.kind == "deep")


@torch.no_grad()
def responsive(name, **settings):
    """A system, untrained, whose prediction varies with its input; tiny, but for the settings given.

    Weights are enlarged as little as that takes: larger ones also enlarge the last bits, in which any two programs
    differ.
    """
    torch.manual_seed(0)
    system = systems.create(name, **settings or systems.system_class(name).small)
    while reproducible(system).network(*pictures(fitting(system))).raw.std() < 0.03:
        for parameter in system.network.parameters():
            if parameter.dim() > 1:
                parameter.mul_(1.25)
    return system


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
