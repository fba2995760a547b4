"""Count a system's parameters and multiply-accumulates, and time its predictions.

Memory is measured too, so nothing is imported before it is needed.
"""

import os
from functools import partial
from pathlib import Path

from lacuna import systems
from lacuna.cost.machine import processor, usable_threads
from lacuna.data.sizes import width_and_height
from lacuna.errors import LacunaError
from lacuna.files import read_json, write_json


def run(task) -> None:
    settings = task.settings
    name, (width, height) = settings["system"], width_and_height(settings["image_size"])
    bounds, threads = settings["cost"], usable_threads(task.threads)
    busy = os.getloadavg()[0]  # of the last minute, before this began
    kind, graph = systems.system_class(name).facts.kind, _graph(task.files("exported"))
    if graph is not None and kind != "deep":
        raise LacunaError(f"system '{name}' is {kind} and has no exported graph; leave 'exported' out")
    machine = {"processor": processor(), "gpu": None, "threads": threads, "busy": busy}
    result = {"system": name, "kind": kind, "image_size": [width, height], "machine": machine}
    if kind == "classical":
        from lacuna.cost import classical

        system = systems.create(name, **settings["settings"])
        result |= {"counts": None, "rows": classical.measure(system, height, width, bounds["seconds"])}
    else:
        result |= _of_network(name, settings, height, width, threads, task.gpus, graph, machine)
    write_json(task.out("cost"), result)
    for row in result["rows"]:
        print("{runtime}, {device}, batch {batch}: {median_ms:.1f} ms (N = {repeats})".format(**row))


def _graph(exported: list[Path]) -> Path | None:
    """The graph to time: an .onnx file, or the one beside a record of an export that says that there is one."""
    if len(exported) > 1:
        raise LacunaError(f"this step takes one export, not {len(exported)}; name one")
    for path in exported:
        if path.suffix == ".onnx":
            return path
        return path.with_name("model.onnx") if read_json(path)["exported"] else None
    return None


def _of_network(
    name: str, settings: dict, height: int, width: int, threads: int, gpus: int, graph: Path | None, machine: dict
) -> dict:
    """`counts` and `rows` of a system with a network."""
    import torch

    from lacuna.cost import networks

    bounds = settings["cost"]
    largest = {"cpu": bounds["largest_batch_cpu"], "cuda": bounds["largest_batch_gpu"]}
    recipe = settings["settings"]
    if "image_size" in systems.system_class(name).Recipe.__dataclass_fields__:
        recipe = {"image_size": max(width, height), **recipe}
    counts = networks.counts(name, recipe, height, width)
    devices, seconds = networks.devices(gpus), bounds["seconds"]
    rows = networks.measure(name, recipe, height, width, devices, seconds, threads, largest)
    if devices[-1].type == "cuda":
        machine["gpu"] = torch.cuda.get_device_name(devices[-1])
        torch.cuda.empty_cache()
    if graph is not None:
        from lacuna.cost import onnx

        pictures = partial(networks.arrays, height=counts["run"]["height"], width=counts["run"]["width"])
        rows += onnx.measure(graph, pictures, devices, seconds, threads, largest)
    return {"counts": counts, "rows": rows}
