"""The number formats that a training computes in: bfloat16 in products, TF32 on NVIDIA's GPUs."""

from typing import Any

import torch
from lightning_fabric.plugins import MixedPrecision


class Bfloat16(MixedPrecision):
    """Fabric's `bf16-mixed`, but pictures and masks come to a network as they are.

    Fabric rounds them to bfloat16, whose numbers from 0.5 to 1 are 1/256 apart: what is known would be coarser than the
    8 bits that pictures are stored in, and edges would be found in what rounding made.
    """

    def __init__(self, device: str):
        super().__init__("bf16-mixed", device)

    def convert_input(self, data: Any) -> Any:
        return data


def fabric_precision(precision: str, device: torch.device) -> dict[str, Any]:
    """What `Fabric` is told: its own name, or a plugin."""
    if precision == "bf16-mixed":
        return {"plugins": Bfloat16(device.type)}
    return {"precision": precision}


def set_precision(system, precision: str, tf32: str) -> None:
    """Set up a system whose backbones are loaded, and this process.

    precision: one of `settings.PRECISIONS`. Fabric sees to the networks that learn; here the pretrained ones that
    losses ask follow them. tf32: one of `settings.TF32`; it changes nothing on the CPU.
    """
    for each in pretrained(system):
        each.mixed = precision == "bf16-mixed"
    torch.backends.cudnn.allow_tf32 = tf32 != "none"
    torch.backends.cuda.matmul.allow_tf32 = tf32 == "all"


def pretrained(system) -> list[Any]:
    """The pretrained networks that the system's losses ask."""
    return [each for each in (getattr(system, name, None) for name in ("features", "similarity")) if each is not None]
