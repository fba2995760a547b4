"""The common programs that make a graph smaller, as a user would call them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime


def half_by_runtime(source: Path, target: Path) -> None:
    from onnxruntime.transformers import float16 as of_runtime

    onnx.save(of_runtime.convert_float_to_float16(onnx.load(source), keep_io_types=True), target)


def half_by_common(source: Path, target: Path) -> None:
    from onnxconverter_common import float16

    onnx.save(float16.convert_float_to_float16(onnx.load(source), keep_io_types=True), target)


def eight_bits(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(source), str(target), weight_type=QuantType.QUInt8)


CONVERTERS: dict[str, Callable[[Path, Path], None]] = {
    "half_onnxruntime": half_by_runtime,
    "half_onnxconverter_common": half_by_common,
    "dynamic_quantisation": eight_bits,
}


def answer(path: Path, end_to_end: bool, height: int = 96, width: int = 128) -> np.ndarray:
    """What a graph makes of a made-up picture with a hole: on the [0, 1] scale as it is shown, clamped."""
    rows, columns = np.mgrid[:height, :width]
    noise = np.random.default_rng(0).random((height, width, 3))
    image = 0.8 * np.stack([rows / height, columns / width, (rows + columns) / (height + width)], -1) + 0.2 * noise
    mask = np.zeros((height, width), np.uint8)
    mask[20:60, 30:100] = 1
    if end_to_end:
        given = {"image": (image * 255).astype(np.uint8), "mask": mask * 255}
    else:
        given = {"image": image.astype(np.float32).transpose(2, 0, 1)[None], "mask": mask[None, None].astype("float32")}
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (result,) = session.run(None, given)
    return result.astype(np.float64) / 255 if end_to_end else result.astype(np.float64).clip(0, 1)
