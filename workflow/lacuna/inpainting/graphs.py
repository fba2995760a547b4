"""Exported ONNX files as predictors: from bytes to bytes, or from tensors to tensors."""

import json
from pathlib import Path

import numpy as np

from lacuna.errors import LacunaError

METADATA_KEY = "lacuna"
END_TO_END = {"image": ("tensor(uint8)", 3), "mask": ("tensor(uint8)", 2)}
RAW = {"image": ("tensor(float)", 4), "mask": ("tensor(float)", 4)}


class Graph:
    """An ONNX file whose inputs are `image` and `mask`, run by ONNX Runtime.

    Either uint8 H×W×3 and uint8 H×W (128 and more = hole) → composite uint8 H×W×3, or float32 N×3×H×W in [0, 1] and
    float32 N×1×H×W (1 = hole) → raw prediction float32 N×3×H×W. name: of the system. size: (height, width) if the graph
    takes no other. device: ONNX Runtime's provider. Other files are a `LacunaError`.
    """

    def __init__(self, path: str | Path, gpus: int = 0, threads: int = 2):
        from lacuna.export.session import open_session

        path = Path(path)
        self.session = open_session(path, 0 if gpus else None, threads)
        self.path = path
        self.device = f"ONNX Runtime, {self.session.get_providers()[0].removesuffix('ExecutionProvider')}"
        inputs = {each.name: each for each in self.session.get_inputs()}
        kinds = {name: (each.type, len(each.shape)) for name, each in inputs.items()}
        if kinds not in (END_TO_END, RAW):
            raise LacunaError(
                f"{path} takes {', '.join(f'{name} {kind}' for name, (kind, _) in kinds.items())}, not an image and a "
                "mask; name a file that `lacuna step export` wrote"
            )
        self.end_to_end = kinds == END_TO_END
        note = json.loads(self.session.get_modelmeta().custom_metadata_map.get(METADATA_KEY, "{}"))
        self.name = note.get("system", path.stem)
        facts = note.get("size", {})
        self.multiple, self.minimum = facts.get("multiple", 1), facts.get("minimum", 1)
        height, width = inputs["image"].shape[:2] if self.end_to_end else inputs["image"].shape[2:]
        self.size = (height, width) if isinstance(height, int) and isinstance(width, int) else None

    def predict(self, image: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """The prediction, uint8 H×W×3, for uint8 H×W×3 under bool H×W: padded by reflection, and cut off again."""
        height, width = hole.shape
        goal = [self._padded(side, axis) for axis, side in enumerate((height, width))]
        rows, columns = _mirrored(height, goal[0]), _mirrored(width, goal[1])
        image, hole = image[rows][:, columns], hole[rows][:, columns]
        if self.end_to_end:
            (result,) = self._run(image, np.where(hole, np.uint8(255), np.uint8(0)))
        else:
            (raw,) = self._run((image / np.float32(255)).transpose(2, 0, 1)[None], hole[None, None].astype(np.float32))
            if not np.isfinite(raw).all():
                raise LacunaError(f"{self.path} predicted values that are not finite; export it again")
            result = np.rint(raw[0].clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
        return result[:height, :width]

    def _padded(self, side: int, axis: int) -> int:
        if self.size is None:
            return -(-max(side, self.minimum) // self.multiple) * self.multiple
        if side > self.size[axis]:
            raise LacunaError(
                f"{self.path} takes pictures of exactly {self.size[1]}×{self.size[0]} pixels at once; "
                "leave the tile size to the file"
            )
        return self.size[axis]

    def _run(self, image: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
        from lacuna.export.session import GraphFails, run_session

        try:
            return run_session(self.session, self.path, image=np.ascontiguousarray(image), mask=mask)
        except GraphFails as error:
            height, width = mask.shape[-2:]
            raise LacunaError(f"{error} ({width}×{height} pixels); try a smaller tile size") from None


def _mirrored(size: int, padded: int) -> np.ndarray:
    """Indices 0 … size−1, then back and forth without repeating the edge, `padded` of them."""
    period = max(1, 2 * (size - 1))
    place = np.arange(padded) % period
    return np.minimum(place, period - place) if size > 1 else np.zeros_like(place)
