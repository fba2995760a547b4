"""ONNX files as predictors: from a picture's bytes and its hole to the prediction's bytes."""

from pathlib import Path

import numpy as np

from lacuna.errors import LacunaError
from lacuna.export.session import GraphFails, open_session, run_session
from lacuna.inpainting.interfaces import METADATA_KEY, by_trial, declared, mirrored, read_note


class Graph:
    """An ONNX file that takes a picture and a mask, run by ONNX Runtime.

    A file that `lacuna export` wrote says what it takes. Any other is tried on made-up pictures first: see
    `lacuna.inpainting.interfaces`. name: of the system. size: (height, width) if the graph takes no other. device: ONNX
    Runtime's provider. notes: sentences on what was found by trial. A file that is not such a graph is a `LacunaError`
    with what was found.
    """

    def __init__(self, path: str | Path, gpus: int = 0, threads: int = 2):
        self.path = Path(path)
        self.session = open_session(self.path, 0 if gpus else None, threads)
        self.device = f"ONNX Runtime, {self.session.get_providers()[0].removesuffix('ExecutionProvider')}"
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        self.notes: list[str] = []
        try:
            note = read_note(self.session.get_modelmeta().custom_metadata_map.get(METADATA_KEY))
            if note is not None:
                self.interface = declared(inputs, outputs, note)
            else:
                self.interface = by_trial(inputs, outputs, self._run)
        except LacunaError as error:
            wrote = "" if str(error).endswith("again") else "; name a file that `lacuna export` wrote"
            raise LacunaError(f"the graph {self.path} cannot be used: it {error}{wrote}") from None
        self.name = self.path.stem if note is None else note["system"]
        self.size = self.interface.size
        if note is None:
            found = "; ".join(self.interface.found)
            self.notes.append(
                f"`lacuna export` did not write {self.path}, so it was tried on made-up pictures: {found}"
            )

    def predict(self, image: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """The prediction, uint8 H×W×3, for uint8 H×W×3 under bool H×W: padded by reflection, and cut off again."""
        height, width = hole.shape
        goal = [self._padded(side, axis) for axis, side in enumerate((height, width))]
        rows, columns = mirrored(height, goal[0]), mirrored(width, goal[1])
        image, hole = image[rows][:, columns], hole[rows][:, columns]
        try:
            answer = self.interface.picture(self._run(self.interface.feed(image, hole)), *goal)
        except GraphFails as error:
            raise LacunaError(f"{error} ({goal[1]}×{goal[0]} pixels); try a smaller tile size") from error
        except LacunaError as error:
            raise LacunaError(f"the graph {self.path} cannot be used: it {error}; export it again") from None
        answer = answer[:height, :width]
        if not np.isfinite(answer).all():
            raise LacunaError(f"{self.path} predicted values that are not finite; export it again")
        return self.interface.in_bytes(answer)

    def _padded(self, side: int, axis: int) -> int:
        if self.size is None:
            return -(-max(side, self.interface.minimum) // self.interface.multiple) * self.interface.multiple
        if side > self.size[axis]:
            raise LacunaError(
                f"{self.path} takes pictures of exactly {self.size[1]}×{self.size[0]} pixels at once; "
                "leave the tile size to the file"
            )
        return self.size[axis]

    def _run(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        return run_session(self.session, self.path, **inputs)
