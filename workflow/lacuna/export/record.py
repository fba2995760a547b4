"""Both graphs of one system with its weights, and the record beside them."""

from pathlib import Path

from lacuna import systems
from lacuna.data.sizes import width_and_height
from lacuna.errors import LacunaError
from lacuna.export.end_to_end import export_end_to_end
from lacuna.export.network import export_network
from lacuna.files import sha256_of, write_json
from lacuna.systems.base import System

NETWORK, END_TO_END = "model.onnx", "end_to_end.onnx"
GRAPHS = {NETWORK: export_network, END_TO_END: export_end_to_end}


def trained_system(settings: dict, weights: str | Path, threads: int = 1) -> System:
    """The system with its weights, as the run means it. settings: `{system, settings, image_size}`."""
    side = max(width_and_height(settings["image_size"]))
    system = systems.create(settings["system"], **{"image_size": side, **settings["settings"]})
    system.prepare(weights, threads=threads)
    return system


def export_system(settings: dict, weights: str | Path, threads: int, output: str | Path) -> dict:
    """Write `model.onnx` and `end_to_end.onnx` beside `output`, then the record to `output`; returns the record.

    settings: `{system, settings, source, image_size}`. The record of a system that ONNX cannot hold has
    `"exported": false` and the `reason`, and there are no graphs then: this is a result and no error, so that the
    others go on. Raises `LacunaError` for weights that do not fit the system.
    """
    folder = Path(output).parent
    folder.mkdir(parents=True, exist_ok=True)
    for name in GRAPHS:  # of an earlier job; the record counts, and it is not there yet
        (folder / name).unlink(missing_ok=True)
    width, height = width_and_height(settings["image_size"])
    system = trained_system(settings, weights, threads=threads)
    record = {key: settings[key] for key in ("system", "source", "settings", "image_size")}
    try:
        files = {name: _written(export, system, folder / name, height, width) for name, export in GRAPHS.items()}
    except LacunaError as error:
        for name in GRAPHS:
            (folder / name).unlink(missing_ok=True)
        record |= {"exported": False, "reason": str(error)}
    else:
        record |= {"exported": True, "files": files}
    write_json(output, record)
    return record


def _written(export, system: System, path: Path, height: int, width: int) -> dict:
    facts = export(system, path, height, width)
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path), **facts}
