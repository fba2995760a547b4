"""ONNX files in ONNX Runtime: without PyTorch, so that a command that needs none starts quickly."""

import ctypes
from pathlib import Path

import onnxruntime

from lacuna.errors import LacunaError

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class GraphFails(LacunaError):
    """ONNX Runtime cannot load or run the graph, or its output is unusable: a result, not a user's error."""


def open_session(path: str | Path, gpu: int | None = None, threads: int = 1) -> onnxruntime.InferenceSession:
    """A graph, ready to run: on the GPU of this number where there is one and ONNX Runtime has CUDA, else on the CPU.

    `session.get_providers()` says which it became. CUDA computes in full single precision. Errors: `LacunaError` for a
    missing file, `GraphFails` for what ONNX Runtime cannot load.
    """
    if not Path(path).is_file():
        raise LacunaError(f"the ONNX file {path} is missing; export the system first")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # its errors are raised, and need not be printed too
    providers: list = [CPU]
    # ONNX Runtime's list says what it was built with, not whether there is a GPU
    if gpu is not None and CUDA in onnxruntime.get_available_providers() and _has_driver():
        onnxruntime.preload_dlls()  # those that came with PyTorch
        providers.insert(0, (CUDA, {"device_id": gpu, "use_tf32": 0}))
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        _read_names(session)
        return session
    except Exception as error:  # ONNX Runtime's errors have no common class of their own
        raise GraphFails(f"ONNX Runtime cannot load {path} ({_reason(error)}); export it again") from error


def _read_names(session: onnxruntime.InferenceSession) -> None:
    """Damaged names and notes are loaded, and are errors only where they are read: here."""
    _ = session.get_modelmeta().custom_metadata_map
    for port in (*session.get_inputs(), *session.get_outputs()):
        _ = port.name, port.shape, port.type


def run_session(session: onnxruntime.InferenceSession, path: str | Path, **inputs) -> list:
    """The graph's outputs for arrays by the inputs' names. Errors: `GraphFails` with ONNX Runtime's reason."""
    try:
        return session.run(None, inputs)
    except Exception as error:  # as above
        raise GraphFails(f"ONNX Runtime cannot run {path} ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _has_driver() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True
