"""Running an ONNX file as anybody would, and what PyTorch says to the same."""

import numpy as np
import onnxruntime
import torch

from lacuna.export.network import reproducible


def run(path, **inputs) -> np.ndarray:
    """The only output of a graph, on the CPU."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, inputs)
    return output


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
