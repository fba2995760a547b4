"""A system as one ONNX graph from bytes to bytes: a picture and a mask in, the completed picture out.

It is what a page or a telephone can call without knowing the system: the size is made to fit, and outside the hole the
picture's own bytes come back.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lacuna.export.network import OPSET, about, reproducible, tracing_size
from lacuna.export.tracing import write_graph
from lacuna.systems.base import System

HOLE_FROM = 128  # bytes of a mask from here on are hole


class EndToEnd(nn.Module):
    """image uint8 H×W×3, mask uint8 H×W → composite uint8 H×W×3, at any size."""

    def __init__(self, network: nn.Module, multiple: int, minimum: int):
        super().__init__()
        self.network, self.multiple, self.minimum = network, multiple, minimum

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        height, width = image.shape[0], image.shape[1]
        rows, columns = self.places(height), self.places(width)
        picture = image.permute(2, 0, 1)[None].to(torch.float32) / 255
        hole = (mask[None, None].to(torch.int32) >= HOLE_FROM).to(torch.float32)
        # beyond the picture its last row and column go on, and are known
        padded = picture.index_select(2, rows.clamp_max(height - 1)).index_select(3, columns.clamp_max(width - 1))
        inside = (rows < height)[:, None] & (columns < width)
        known = hole.index_select(2, rows.clamp_max(height - 1)).index_select(3, columns.clamp_max(width - 1))
        raw = self.network(padded, known * inside.to(torch.float32)).raw[0, :, :height, :width]
        drawn = (raw.clamp(0, 1) * 255).round().permute(1, 2, 0)  # half to even, as everywhere here
        return torch.where(hole[0, 0, :, :, None] > 0.5, drawn, image.to(torch.float32)).to(torch.uint8)

    def places(self, size) -> Tensor:
        """0, 1, … up to the smallest size that the network takes, not below `size`."""
        least = torch.as_tensor(size).clamp_min(self.minimum)
        padded: Any = (least + self.multiple - 1) // self.multiple * self.multiple  # a tensor, so that it is traced
        return torch.arange(padded)


def export_end_to_end(system: System, path: str | Path, height: int, width: int, opset: int | None = None) -> dict:
    """Write the graph from bytes to bytes to `path`, whole or not at all; returns the record of what was written.

    Inputs: `image` uint8 H×W×3, RGB; `mask` uint8 H×W, from 128 on = hole. Output: `composite` uint8 H×W×3: outside the
    hole the image's own bytes; inside, the prediction, clamped, rounded half to even. Height and width are free: the
    image is padded at the bottom and on the right to what the network takes, by its last row and column, which count as
    known, and cut off again. height, width, opset: as in `export_network`.
    """
    prepared = reproducible(system)
    size = tracing_size(prepared)
    image, mask = torch.full((*size, 3), 128, dtype=torch.uint8), torch.zeros(*size, dtype=torch.uint8)
    mask[8:24, 20:40] = 255
    record = {"graph": "end_to_end", **about(prepared, height, width), "opset": opset or OPSET}
    record["size"] = {"dynamic": ["height", "width"], "multiple": 1, "minimum": 1}
    record["padded_to"] = {"multiple": prepared.size_multiple, "minimum": prepared.minimal_size}
    module = EndToEnd(prepared.network, prepared.size_multiple, prepared.minimal_size)
    axes = dict.fromkeys(("image", "mask", "composite"), {0: "height", 1: "width"})
    return write_graph(module, {"image": image, "mask": mask}, "composite", axes, path, record)
