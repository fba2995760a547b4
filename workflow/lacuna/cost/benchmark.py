"""How many pictures a second a system fills: its network in PyTorch beside its graph in ONNX Runtime, in one run."""

from functools import partial
from pathlib import Path

from lacuna import systems
from lacuna.cost import networks, onnx
from lacuna.cost.machine import processor, usable_threads
from lacuna.errors import LacunaError
from lacuna.export.network import export_network


def compare(folder: Path, name: str, settings: dict, size: int, batch: int, seconds: float, threads: int) -> dict:
    """Rows as of `networks.measure` with `images_per_second`, for batch 1 and the largest up to `batch` that fits, on
    the CPU; `ratio` is ONNX Runtime's rate to PyTorch's at the largest batch that both computed.

    Weights are random, which does not change the time. size: side in pixels, enlarged to what the network takes.
    seconds: that each row is measured for. The graph is written into `folder`; a system that ONNX cannot hold, or that
    has no network, is a `LacunaError`.
    """
    if systems.system_class(name).facts.kind != "deep":
        raise LacunaError(f"system '{name}' has no network that could be exported; name one that is trained")
    recipe, threads, largest = {"image_size": size, **settings}, usable_threads(threads), {"cpu": batch}
    system, cpu = systems.create(name, **recipe), networks.devices(0)
    side = system.padded_size(size)
    rows = networks.measure(name, recipe, size, size, cpu, seconds, threads, largest)
    export_network(system, folder / "model.onnx", side, side)
    arrays = partial(networks.arrays, height=side, width=side)
    rows += onnx.measure(folder / "model.onnx", arrays, cpu, seconds, threads, largest)
    rows = [row | {"images_per_second": 1000 * row["batch"] / row["median_ms"]} for row in rows]
    rates = {(row["runtime"], row["batch"]): row["images_per_second"] for row in rows}
    common = max(number for runtime, number in rates if {("pytorch", number), ("onnxruntime", number)} <= rates.keys())
    return {
        "ratio": rates["onnxruntime", common] / rates["pytorch", common],
        "batch": common,
        "rows": rows,
        "system": name,
        "settings": settings,
        "size": side,
        "threads": threads,
        "machine": {"processor": processor()},
    }
