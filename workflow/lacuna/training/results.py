"""What a finished training leaves: the weights, and a record of how they came about."""

import dataclasses
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from lacuna.canonical import canonical_json
from lacuna.files import atomic, sha256_of, write_json
from lacuna.memory import peak_memory_of_process
from lacuna.systems._released import contiguous
from lacuna.systems.base import METADATA_KEY
from lacuna.training.settings import Settings

RECORDED = ("torch", "lightning-fabric", "safetensors", "numpy", "pillow")


def note_of(settings: Settings, system, steps: int, initial_weights: Path | None) -> dict:
    """What the files of a training say of themselves."""
    note: dict[str, Any] = {
        "system": settings.system,
        "settings": dataclasses.asdict(system.recipe),
        "source": settings.source,
        "image_size": settings.image_size,
        "seed": settings.seed,
        "steps": steps,
    }
    if settings.training.ema is not None:
        note["ema"] = settings.training.ema
    if initial_weights is not None:
        note["initial_weights"] = {"file": initial_weights.name, "sha256": sha256_of(initial_weights)}
    return note


def write_weights(path: Path, system, note: dict) -> None:
    """The weights to predict with (no discriminator) as safetensors, with a note of what they are."""
    with atomic(path) as partial:
        # not `save_file`: it makes files that only their owner may read
        partial.write_bytes(save(contiguous(system.network.state_dict()), {METADATA_KEY: canonical_json(note)}))


def write_record(path: Path, settings: Settings, system, device: torch.device, **measured) -> None:
    """Settings, size, speed, device and versions, for the report."""
    write_json(
        path,
        {
            "system": settings.system,
            "source": settings.source,
            "seed": settings.seed,
            "recipe": dataclasses.asdict(system.recipe),
            "precision": settings.training.precision,
            "tf32": settings.training.tf32,
            "compile": settings.training.compile,
            "accumulate": settings.training.accumulate,
            "devices": settings.training.devices,
            "ema": settings.training.ema,
            "feature_losses_every": settings.training.feature_losses_every,
            **measured,
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "cpu",
            "versions": {"python": platform.python_version(), **{name: version(name) for name in RECORDED}},
        },
    )


def parameter_counts(system) -> dict[str, dict[str, int]]:
    """Of `network`, `discriminator` and what else is saved: `before_freezing` all, `trainable` what the recipe leaves.

    To be asked before the first step: what a schedule freezes on the way is trained until then.
    """
    return {
        name: {
            "before_freezing": sum(each.numel() for each in module.parameters()),
            "trainable": sum(each.numel() for each in module.parameters() if each.requires_grad),
        }
        for name, module in system.modules().items()
    }


def peak_memory(device: torch.device) -> int:
    """Bytes: of the GPU's memory that tensors took, or of this process on the CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return peak_memory_of_process()
