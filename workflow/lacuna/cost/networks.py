"""Counts of a system's network, and time and memory of its predictions in PyTorch."""

import dataclasses

import numpy as np
import torch

from lacuna import systems
from lacuna.cost.machine import ResidentPeak
from lacuna.cost.timing import batches_that_fit, timed
from lacuna.nn.devices import choose_device
from lacuna.nn.islands import in_bfloat16
from lacuna.systems._counting import Counts, count, parameters_of

COUNTED_AT = 256  # pixels: the size that papers count at


def counts(name: str, settings: dict, height: int, width: int) -> dict:
    """Counts of the network at these settings and height × width pixels, at 256×256, and of the authors' at 256×256.

    Each as a dictionary with `height`, `width` (enlarged to what the network takes), `parameters`, `macs`,
    `fourier_macs`, `parts` (name → `parameters`, `macs`) and, of the first, `discriminator`: its parameters.
    """
    with torch.device("meta"):  # shapes without numbers, so that the largest network costs nothing
        ours, theirs = systems.create(name, **settings), systems.create(name)
    discriminator = parameters_of(ours.discriminator) if ours.discriminator is not None else 0
    return {
        "run": _counted(ours, height, width) | {"discriminator": discriminator},
        "run_256": _counted(ours, COUNTED_AT, COUNTED_AT),
        "authors_256": _counted(theirs, COUNTED_AT, COUNTED_AT),
    }


def _counted(system, height: int, width: int) -> dict:
    height, width = system.padded_size(height), system.padded_size(width)
    counted: Counts = count(system.network, height, width)
    return {"height": height, "width": width, **dataclasses.asdict(counted)}


def devices(gpus: int) -> list[torch.device]:
    """The CPU, and with `gpus` 1 a GPU as well, if there is one."""
    return list(dict.fromkeys((torch.device("cpu"), choose_device(gpus))))


def measure(
    name: str,
    settings: dict,
    height: int,
    width: int,
    devices: list[torch.device],
    seconds: float,
    threads: int,
    largest: dict[str, int],
    mixed: bool = False,
) -> list[dict]:
    """Rows of `runtime`, `device`, `batch`, time a call (see `timing.timed`) and `peak_memory` in bytes.

    A call is one forward pass in single precision, or for a fitted system one fit, over random pictures with a
    rectangular hole of a quarter of their area that are on the device already. Weights are random: they do not change
    the time. mixed: products in bfloat16, as in training. On every device for batch 1 and the largest that fits, up to
    `largest[type of device]`.
    peak_memory: weights, inputs and everything between; on the CPU what the process took more than before, on a GPU
    what tensors took. Too little memory for batch 1 is a `LacunaError`.
    """
    torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32 = False  # full single precision, as in ONNX Runtime
    rows = []
    for device in devices:
        resident = ResidentPeak()
        torch.manual_seed(0)
        system = systems.create(name, **settings)
        system.network.eval().to(device)
        fitted = system.facts.kind == "fitted"

        def attempt(batch: int, system=system, device=device, resident=resident, fitted=fitted) -> dict:
            image, mask = pictures(batch, system.padded_size(height), system.padded_size(width))
            image, mask = image.to(device), mask.to(device)
            predict = system.predict if fitted else system.network

            def call() -> None:
                with torch.set_grad_enabled(fitted), in_bfloat16(mixed, image):
                    predict(image, mask)
                if device.type == "cuda":
                    torch.cuda.synchronize(device)

            if device.type == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats(device)
            resident.start()
            timing = timed(call, seconds, warm_up=not fitted)
            peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else resident.read()
            return {"runtime": "pytorch", "device": device.type, "batch": batch, **timing, "peak_memory": peak}

        # fits are done one after the other, so that a batch would tell nothing
        most = 1 if fitted else largest[device.type]
        rows += batches_that_fit(attempt, most, f"system '{name}' on {width}×{height} pixels")
    return rows


def pictures(n: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random images N×3×H×W in [0, 1] and masks N×1×H×W whose hole is the middle quarter of the area."""
    image = torch.rand(n, 3, height, width, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(n, 1, height, width)
    mask[..., height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = 1
    return image, mask


def arrays(n: int, height: int, width: int) -> list[np.ndarray]:
    """The same as ONNX Runtime takes them."""
    return [tensor.numpy() for tensor in pictures(n, height, width)]
