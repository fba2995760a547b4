"""Count a system's parameters and multiply-accumulates, and time its predictions."""

import os
from pathlib import Path

from lacuna.arguments import json_settings, positive


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings", type=json_settings, required=True, help="JSON: system, settings, image_size, measurement"
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--onnx", type=Path, help="the system's graph image, mask → raw, timed as well")
    either.add_argument(
        "--exported", nargs="*", default=[], type=Path, help="record.json of an export, beside which the graph lies"
    )
    parser.add_argument("--gpus", type=int, default=0, help="1: time on a GPU too, if there is one (default: 0)")
    parser.add_argument("--threads", type=positive, default=2, help="of the CPU, if there are so many (default: 2)")
    parser.add_argument("--output", required=True, type=Path, help="JSON file to write")


def run(args) -> None:
    from lacuna import systems
    from lacuna.complexity.machine import processor, usable_threads
    from lacuna.data.sizes import width_and_height
    from lacuna.errors import LacunaError
    from lacuna.files import write_json

    settings = args.settings
    name, (width, height) = settings["system"], width_and_height(settings["image_size"])
    measurement, threads = settings["measurement"], usable_threads(args.threads)
    busy = os.getloadavg()[0]  # of the last minute, before this began
    kind, graph = systems.system_class(name).facts.kind, _graph(args)
    if graph is not None and kind != "deep":
        raise LacunaError(f"system '{name}' is {kind} and has no exported graph; leave --onnx and --exported out")
    machine = {"processor": processor(), "gpu": None, "threads": threads, "busy": busy}
    result = {"system": name, "kind": kind, "image_size": [width, height], "machine": machine}
    if kind == "classical":
        from lacuna.complexity import classical

        system = systems.create(name, **settings["settings"])
        result |= {"counts": None, "rows": classical.measure(system, height, width, measurement["seconds"])}
    else:
        result |= _of_network(name, settings, height, width, threads, args.gpus, graph, machine)
    write_json(args.output, result)
    for row in result["rows"]:
        print("{runtime}, {device}, batch {batch}: {median_ms:.1f} ms (N = {repeats})".format(**row))


def _graph(args) -> Path | None:
    """The exported graph to time, if one is named, or beside a record of an export that says that there is one."""
    from lacuna.errors import LacunaError
    from lacuna.files import read_json

    if len(args.exported) > 1:
        raise LacunaError(f"--exported takes one file, not {len(args.exported)}")
    for record in args.exported:
        return record.with_name("model.onnx") if read_json(record)["exported"] else None
    return args.onnx


def _of_network(
    name: str, settings: dict, height: int, width: int, threads: int, gpus: int, graph: Path | None, machine: dict
) -> dict:
    """`counts` and `rows` of a system with a network."""
    import torch

    from lacuna import systems
    from lacuna.complexity import networks

    measurement = settings["measurement"]
    largest = {"cpu": measurement["largest_batch_cpu"], "cuda": measurement["largest_batch_gpu"]}
    recipe = settings["settings"]
    if "image_size" in systems.system_class(name).Recipe.__dataclass_fields__:
        recipe = {"image_size": max(width, height), **recipe}
    counts = networks.counts(name, recipe, height, width)
    devices, seconds = networks.devices(gpus), measurement["seconds"]
    rows = networks.measure(name, recipe, height, width, devices, seconds, threads, largest)
    if devices[-1].type == "cuda":
        machine["gpu"] = torch.cuda.get_device_name(devices[-1])
        torch.cuda.empty_cache()
    if graph is not None:
        from lacuna.complexity import graphs

        def pictures(n: int):
            fitting = networks.pictures(n, counts["run"]["height"], counts["run"]["width"])
            return [tensor.numpy() for tensor in fitting]

        rows += graphs.measure(graph, pictures, devices, seconds, threads, largest)
    return {"counts": counts, "rows": rows}
