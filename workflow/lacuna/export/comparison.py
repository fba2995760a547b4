"""What ONNX Runtime draws beside what PyTorch draws, from the same weights and on the same pictures.

The graph is put in the network's place, so that padding and everything else around it are the system's own.
"""

import copy
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lacuna.data.lists import Pair
from lacuna.data.loading import evaluation_batches
from lacuna.export.end_to_end import EndToEnd
from lacuna.export.network import reproducible
from lacuna.export.record import END_TO_END, NETWORK
from lacuna.export.runtime import InRuntime, answer
from lacuna.export.session import GraphFails, open_session
from lacuna.systems.base import System

BATCH = 8
OTHER = (1.25, 1.75)  # height and width of the other size, in those of the pictures
ODD = (3, 5)  # added to height and width for the graph from bytes to bytes, which takes every size


class Difference:
    """Between predictions N×3×H×W on the [0, 1] scale, batch by batch.

    Networks may well go beyond [0, 1], and far beyond it where they are hardly trained: large values have large
    differences that nobody sees. So what is left of them between 0 and 1 is measured, too.
    """

    def __init__(self):
        self.raw, self.clamped, self.largest, self.squares, self.values, self.n = 0.0, 0.0, 0.0, 0.0, 0, 0
        self.sizes: set[tuple[int, int]] = set()

    def add(self, one: Tensor, other: Tensor) -> None:
        """one: ONNX Runtime's; other: PyTorch's. Values that are not finite are `GraphFails`, which says whose."""
        # PyTorch's first: where they are not finite, the graph is right to make the same of them
        for whose, predictions in (("PyTorch", other), ("ONNX Runtime", one)):
            if not predictions.isfinite().all():
                raise GraphFails(f"{whose}'s predictions hold values that are not finite")
        one, other = one.double(), other.double()
        shown = one.clamp(0, 1) - other.clamp(0, 1)
        self.raw = max(self.raw, float((one - other).abs().max()))
        self.clamped = max(self.clamped, float(shown.abs().max()))
        self.largest = max(self.largest, float(other.abs().max()))
        self.squares += float(shown.square().sum())
        self.values += shown.numel()
        self.n += len(one)
        height, width = one.shape[-2:]
        self.sizes.add((height, width))

    def record(self) -> dict:
        """`sizes` [height, width], `n`; of predictions as they are: `max_abs_difference`, and `max_abs_value`, which it
        is to be held against; of both clamped to [0, 1]: `max_abs_clamped`, and `psnr` in dB (null where identical).
        """
        mean = self.squares / self.values
        return {
            "sizes": [list(size) for size in sorted(self.sizes)],
            "n": self.n,
            "max_abs_difference": self.raw,
            "max_abs_value": self.largest,
            "max_abs_clamped": self.clamped,
            "psnr": -10 * math.log10(mean) if mean else None,
        }


class Comparison:
    """One exported system and itself in PyTorch, on the same device; what it draws at random, if anything, is off.

    folder: of the graphs. threads: of the CPU.
    """

    def __init__(self, system: System, folder: Path, device: torch.device, threads: int = 1):
        self.system, self.folder, self.device, self.threads = system, folder, device, threads
        self.in_torch = reproducible(system)
        self.in_runtime = copy.copy(self.in_torch)
        self.in_torch.network.to(device)
        self.graph = InRuntime(folder / NETWORK, device, threads)
        self.in_runtime.network = self.graph
        self.at_run_size = Difference()

    @property
    def providers(self) -> list[str]:
        """What ONNX Runtime computes with, by its own account."""
        return self.graph.session.get_providers()

    def predictions(self, list_path: str | Path) -> Iterator[tuple[Pair, np.ndarray]]:
        """Each pair with ONNX Runtime's raw prediction, uint8 H×W×3; compared with PyTorch's on the way."""
        for pairs, image, mask in _batches(list_path, BATCH):
            raw = self._compared(image, mask, self.at_run_size)
            levels = (raw.clamp(0, 1) * 255).round().byte()  # as `System.predict_arrays`
            yield from zip(pairs, levels.permute(0, 2, 3, 1).numpy(), strict=True)

    def at_other_size(self, list_path: str | Path) -> dict:
        """`Difference.record` of the list's pictures, enlarged to a size that is not square."""
        difference = Difference()
        for _, image, mask in _batches(list_path, BATCH):
            self._compared(*resized(image, mask, self.other_size(*image.shape[-2:])), difference)
        return difference.record()

    def other_size(self, height: int, width: int) -> tuple[int, int]:
        """Larger than height×width, not square, and such as the network takes without padding."""
        rows, columns = (
            self.in_torch.padded_size(round(part * side)) for part, side in zip(OTHER, (height, width), strict=True)
        )
        return rows, columns + self.in_torch.size_multiple * (rows == columns)

    def end_to_end(self, list_path: str | Path) -> dict:
        """The graph from bytes to bytes, on the CPU, at odd sizes, which it has to pad.

        `hole_levels`: largest difference from PyTorch, of 255. `valid_changed`: how many pixels outside the hole are
        not the picture's own. `sizes` and `n` as in `Difference.record`.
        """
        path = self.folder / END_TO_END
        session = open_session(path, threads=self.threads)
        system = reproducible(self.system)
        module = EndToEnd(system.network, system.size_multiple, system.minimal_size)
        sizes, levels, changed, n = set(), 0, 0, 0
        for _, image, mask in _batches(list_path, 1):
            image, mask = resized(image, mask, tuple(np.add(image.shape[-2:], ODD).tolist()))
            image = (image[0] * 255).round().byte().permute(1, 2, 0).contiguous()
            mask = mask[0, 0].byte() * 255
            made = answer(session, path, image=image, mask=mask)
            with torch.no_grad():
                expected = module(image, mask)
            levels = max(levels, int((made.int() - expected.int()).abs().max()))
            changed += int((made != image).any(2)[mask == 0].sum())
            sizes.add(tuple(mask.shape))
            n += 1
        return {"sizes": sorted(map(list, sizes)), "n": n, "hole_levels": levels, "valid_changed": changed}

    def _compared(self, image: Tensor, mask: Tensor, difference: Difference) -> Tensor:
        """ONNX Runtime's raw prediction, N×3×H×W; how far it is from PyTorch's is added to `difference`."""
        expected = self.in_torch.predict(image.to(self.device), mask.to(self.device)).cpu()
        raw = self.in_runtime.predict(image, mask)
        difference.add(raw, expected)
        return raw


def _batches(list_path: str | Path, size: int) -> Iterator[tuple[list[Pair], Tensor, Tensor]]:
    return ((pairs, image, mask) for image, mask, pairs in evaluation_batches(list_path, size))


def resized(image: Tensor, mask: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Images N×3×H×W and masks N×1×H×W at another size: bilinear, and nearest so that masks stay 0 and 1."""
    return F.interpolate(image, size, mode="bilinear"), F.interpolate(mask, size, mode="nearest")
