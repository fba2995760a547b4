"""How good a network is on held-out pictures while it trains, and a picture of it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lacuna.data.compositing import composite
from lacuna.files import atomic

SHOWN = 8  # pictures in the sample
NO_ERROR = 1e-10  # mean squared error below which PSNR stays 100 dB, so that a picture without a hole has one


def measure(raw: Tensor, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Scores per picture (N, float64), of raw predictions clamped to [0, 1] and of composites, N×3×H×W.

    psnr (dB, higher is better) and l1 ([0, 1] scale, lower is better) are of the composite, whole picture; psnr_raw
    and l1_raw of the raw prediction; l1_hole and l1_valid of the raw prediction inside and outside the hole.
    """
    raw, image, mask = (tensor.double() for tensor in (raw.clamp(0, 1), image, mask))
    made = composite(raw, image, mask)
    error = (raw - image).abs().mean(1, keepdim=True)
    valid = 1 - mask
    return {
        "psnr": _psnr(made, image),
        "l1": (made - image).abs().mean((1, 2, 3)),
        "psnr_raw": _psnr(raw, image),
        "l1_raw": error.mean((1, 2, 3)),
        "l1_hole": (error * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)).clamp_min(1),
        "l1_valid": (error * valid).sum((1, 2, 3)) / valid.sum((1, 2, 3)).clamp_min(1),
    }


def _psnr(a: Tensor, b: Tensor) -> Tensor:
    return -10 * torch.log10((a - b).square().mean((1, 2, 3)).clamp_min(NO_ERROR))


def validate(system, batches: Iterable, device: torch.device, samples: Path) -> dict[str, float]:
    """Means of `measure` over all pictures; the first of them are drawn into `samples`. Random state is left alone."""
    scores: dict[str, list[Tensor]] = {}
    rows: list[Tensor] = []
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(0)
        for image, mask, *_ in batches:
            raw = system.predict(image.to(device), mask.to(device)).float().cpu()
            for name, values in measure(raw, image, mask).items():
                scores.setdefault(name, []).append(values)
            rows += _rows(raw, image, mask)[: SHOWN - len(rows)]
    for module in system.modules().values():
        module.train()
    _draw(rows, samples)
    return {name: float(torch.cat(values).mean()) for name, values in scores.items()}


def _rows(raw: Tensor, image: Tensor, mask: Tensor) -> list[Tensor]:
    """Side by side: input with a white hole, raw prediction, composite, truth."""
    raw = raw.clamp(0, 1)
    return list(torch.cat([image * (1 - mask) + mask, raw, composite(raw, image, mask), image], 3))


def _draw(rows: list[Tensor], path: Path) -> None:
    pixels = (torch.cat(rows, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    with atomic(path) as partial:
        Image.fromarray(np.ascontiguousarray(pixels)).save(partial, "PNG")
