"""Time and memory of an exported graph in ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from onnxruntime import InferenceSession

from lacuna.cost.machine import ResidentPeak
from lacuna.cost.timing import batches_that_fit, timed
from lacuna.errors import LacunaError
from lacuna.export.runtime import session_on
from lacuna.export.session import CUDA, GraphFails, run_session


def measure(
    path: str | Path,
    pictures: Callable[[int], list[np.ndarray]],
    devices: list[torch.device],
    seconds: float,
    threads: int,
    largest: dict[str, int],
) -> list[dict]:
    """Rows like those of `networks.measure`, of the graph `image`, `mask` → `raw` in a file.

    pictures: number → images N×3×H×W and masks N×1×H×W, float32. A GPU that ONNX Runtime cannot use has no rows. What
    it takes of a GPU's memory is not known here: None. A file that is not such a graph, or that ONNX Runtime cannot run
    on such pictures, is a `LacunaError`.
    """
    rows = []
    for device in devices:
        resident = ResidentPeak()
        session = session_on(path, device, threads)
        _check(session, path)
        if device.type == "cuda" and session.get_providers()[0] != CUDA:
            print("ONNX Runtime cannot use the GPU here, so it is not timed there")
            continue

        def attempt(batch: int, session=session, device=device, resident=resident) -> dict:
            image, mask = pictures(batch)
            resident.start()
            timing = timed(lambda: run_session(session, path, image=image, mask=mask), seconds)
            peak = resident.read() if device.type == "cpu" else None
            return {"runtime": "onnxruntime", "device": device.type, "batch": batch, **timing, "peak_memory": peak}

        try:
            rows += batches_that_fit(attempt, largest[device.type], str(path))
        except GraphFails as error:
            raise LacunaError(
                f"{error}; give the graph that `lacuna step export` wrote of this system for this image_size"
            ) from None
    return rows


def _check(session: InferenceSession, path: str | Path) -> None:
    inputs, outputs = ({each.name for each in ends} for ends in (session.get_inputs(), session.get_outputs()))
    if (inputs, outputs) != ({"image", "mask"}, {"raw"}):
        raise LacunaError(
            f"{path} is not the graph image, mask → raw (it has {sorted(inputs)} → {sorted(outputs)}); "
            "give the file model.onnx that `lacuna step export` wrote"
        )
