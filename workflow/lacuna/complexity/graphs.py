"""Time and memory of an exported graph in ONNX Runtime."""

from pathlib import Path

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from lacuna.complexity.machine import ResidentPeak
from lacuna.complexity.timing import batches_that_fit, timed
from lacuna.errors import LacunaError

PROVIDERS = {"cpu": ["CPUExecutionProvider"], "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"]}


def measure(
    path: str | Path, pictures, devices: list[str], seconds: float, threads: int, largest: dict[str, int]
) -> list[dict]:
    """Rows like those of `networks.measure`, of the graph `image`, `mask` → `raw` in a file.

    pictures: number → (images N×3×H×W, masks N×1×H×W), float32 arrays. devices: of `cpu` and `cuda`. The memory that
    ONNX Runtime takes of a GPU is not known here: None. A file that is no such graph is a `LacunaError`.
    """
    rows = []
    for device in devices:
        resident = ResidentPeak()
        session = _session(Path(path), PROVIDERS[device], threads)
        if session.get_providers()[0] != PROVIDERS[device][0]:
            raise LacunaError(
                f"ONNX Runtime cannot use {PROVIDERS[device][0]} here; install the CUDA libraries of "
                f"onnxruntime-gpu {onnxruntime.__version__}, or measure without a GPU"
            )

        def attempt(batch: int, session=session, device=device, resident=resident) -> dict:
            image, mask = pictures(batch)
            resident.start()
            timing = timed(lambda: _run(session, image, mask), seconds)
            peak = resident.read() if device == "cpu" else None
            return {"runtime": "onnxruntime", "device": device, "batch": batch, **timing, "peak_memory": peak}

        rows += batches_that_fit(attempt, largest[device], (MemoryError,))
    return rows


def _run(session: onnxruntime.InferenceSession, image, mask) -> None:
    try:
        session.run(["raw"], {"image": image, "mask": mask})
    except RuntimeException as error:
        if "alloc" in str(error).lower():  # its only sign of too little memory
            raise MemoryError(str(error)) from None
        raise


def _session(path: Path, providers: list[str], threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # whatever a broken file makes it raise
        reason = str(error).splitlines()[0]
        raise LacunaError(f"{path} cannot be read as an ONNX graph ({reason}); export the system again") from None
    found = {"inputs": {each.name for each in session.get_inputs()}, "outputs": {o.name for o in session.get_outputs()}}
    if found != {"inputs": {"image", "mask"}, "outputs": {"raw"}}:
        raise LacunaError(
            f"{path} is not the graph image, mask → raw (it has {sorted(found['inputs'])} → "
            f"{sorted(found['outputs'])}); give the file model.onnx that `lacuna export` wrote"
        )
    return session
