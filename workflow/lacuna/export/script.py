"""A system's network as a TorchScript file: (image, mask) → raw."""

from pathlib import Path

import torch

from lacuna.errors import LacunaError
from lacuna.export.network import RawPrediction, reproducible, tracing_size
from lacuna.export.record import trained_system
from lacuna.files import atomic


def export_script(settings: dict, weights: str | Path, threads: int, output: str | Path) -> None:
    """Write the network, traced, to `output`, whole or not at all.

    settings: `{system, settings, image_size}`. Inputs: float32 N×3×H×W in [0, 1] and N×1×H×W, 1 = hole; output: the raw
    prediction, not clamped. The trace is checked at another size; one that is bound to its size is a `LacunaError`.
    """
    system = reproducible(trained_system(settings, weights, threads=threads))
    module, (height, width) = RawPrediction(system.network).eval(), tracing_size(system)
    with torch.no_grad():
        script = torch.jit.trace(module, _pictures(height, width), check_trace=False)
        other = _pictures(system.padded_size(height + 1), system.padded_size(width + 1))
        try:
            off = float((script(*other) - module(*other)).abs().max())
        except RuntimeError as error:
            off, reason = float("inf"), f" ({' '.join(str(error).split())[:100]})"
        else:
            reason = f" (off by {off:.2g})"
    if not off < 1e-3:
        raise LacunaError(f"system '{settings['system']}' cannot be traced for any size{reason}; name another system")
    with atomic(output) as partial:
        script.save(str(partial))


def _pictures(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 1, height, width)
    mask[..., 8:24, 20:40] = 1
    return image, mask
