"""How many pictures a second a system fills: its network in PyTorch beside its graph in ONNX Runtime, in one run."""

from functools import partial
from pathlib import Path

from lacuna import systems
from lacuna.cost import networks, onnx
from lacuna.cost.machine import processor, usable_threads
from lacuna.errors import LacunaError
from lacuna.export.network import export_network
from lacuna.nn.devices import named_device


def compare(
    folder: Path,
    name: str,
    settings: dict,
    size: int,
    batch: int,
    seconds: float,
    threads: int,
    device: str = "cpu",
    precision: str = "32-true",
) -> dict:
    """Rows as of `networks.measure` with `images_per_second`, for batch 1 and the largest up to `batch` that fits, on
    a device (`cpu` or `cuda`); `ratio` is ONNX Runtime's rate to PyTorch's at the largest batch that both computed,
    None where ONNX Runtime cannot use the device. precision: `32-true`, or `bf16-mixed` for PyTorch.

    Weights are random, which does not change the time. size: side in pixels, enlarged to what the network takes.
    seconds: that each row is measured for. The graph is written into `folder`; a system that ONNX cannot hold, or that
    has no network, is a `LacunaError`.
    """
    if systems.system_class(name).facts.kind != "deep":
        raise LacunaError(f"system '{name}' has no network that could be exported; name one that is trained")
    recipe, threads, largest = {"image_size": size, **settings}, usable_threads(threads), {device: batch}
    system, there = systems.create(name, **recipe), [named_device(device)]
    side = system.padded_size(size)
    rows = networks.measure(name, recipe, size, size, there, seconds, threads, largest, precision == "bf16-mixed")
    export_network(system, folder / "model.onnx", side, side)
    arrays = partial(networks.arrays, height=side, width=side)
    rows += onnx.measure(folder / "model.onnx", arrays, there, seconds, threads, largest)
    rows = [row | {"images_per_second": 1000 * row["batch"] / row["median_ms"]} for row in rows]
    rates = {(row["runtime"], row["batch"]): row["images_per_second"] for row in rows}
    both = [number for runtime, number in rates if {("pytorch", number), ("onnxruntime", number)} <= rates.keys()]
    common = max(both, default=None)
    return {
        "ratio": None if common is None else rates["onnxruntime", common] / rates["pytorch", common],
        "batch": common,
        "rows": rows,
        "system": name,
        "settings": settings,
        "size": side,
        "threads": threads,
        "device": device,
        "precision": precision,
        "machine": {"processor": processor()},
    }
