"""A system that is ready to fill somebody's pictures, wherever its weights come from."""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.data.stems import refuse_own_mask
from lacuna.errors import LacunaError
from lacuna.inpainting.filling import Predict, fill
from lacuna.inpainting.holes import hole_of
from lacuna.inpainting.pictures import Picture, picture_of
from lacuna.memory import as_memory_error

TILE = 512  # pixels; what fits into it is computed at once
OVERLAP = 64
NOTE = "lacuna"  # the key of the safetensors metadata in which training says what the weights are


class Model:
    """A predictor with its name, its device in words, and the tile that it takes: (height, width), or None for all."""

    def __init__(
        self, predict: Predict, name: str, device: str, tile: tuple[int, int] | None, fixed_tile: bool = False
    ):
        self.predict, self.name, self.device, self.tile, self.fixed_tile = predict, name, device, tile, fixed_tile

    def inpaint(
        self,
        image,
        mask,
        *,
        invert_mask: bool = False,
        resize_mask: bool = False,
        dilate: int = 0,
        tile: int | None = None,
        overlap: int | None = None,
    ):
        """The image with its hole filled; outside the hole every pixel keeps its value.

        image: a path, a Pillow image, or an array H×W, H×W×1, H×W×3 or H×W×4 of uint8, uint16 or floats in [0, 1].
        mask: the same kinds, of the image's size; from half of the range upwards it is hole (bool: True). Returns an
        array of the same shape and type for an array, and a Pillow image (upright) for the others; its `info` has the
        EXIF data and the colour profile, for `result.save(path, **result.info)`. invert_mask, resize_mask, dilate
        (pixels): see `lacuna.inpainting.holes`. tile, overlap: see `fill`. What cannot be done is a `LacunaError`, what
        cannot be kept a warning.
        """
        if isinstance(image, str | Path) and isinstance(mask, str | Path):
            refuse_own_mask(image, mask)
        picture = picture_of(image)
        for note in picture.notes:
            warnings.warn(note, stacklevel=2)
        hole = hole_of(mask, picture, invert=invert_mask, resize=resize_mask, dilate=dilate)
        filled = self.fill(picture, hole, tile=tile, overlap=overlap)
        if hasattr(image, "__array__") and not isinstance(image, Image.Image):
            return filled.pixels.reshape(np.shape(image))
        return filled.as_image()

    def fill(
        self,
        picture: Picture,
        hole: np.ndarray,
        *,
        tile: int | None = None,
        overlap: int | None = None,
        progress: Callable[[int, int], None] = lambda done, of: None,
    ) -> Picture:
        """The picture with its hole (bool H×W) filled.

        tile: side in pixels of the squares that are computed at once; 0 = always the whole picture; None = 512, but for
        a file of one size, and the whole picture for classical systems. overlap: pixels that neighbouring squares
        share; None = 64, or a quarter of a smaller tile. progress: as in `lacuna.inpainting.filling.fill`.
        """
        size = self._tile(tile)
        if overlap is None:
            overlap = min([OVERLAP, *(side // 4 for side in size or ())])
        if size and not 2 <= overlap <= min(size) // 2:
            raise LacunaError(f"an overlap of {overlap} does not go with tiles of {min(size)}; choose 2 to half a tile")
        try:
            with as_memory_error():
                filled = fill(self.predict, picture.rgb, hole, size, overlap, progress)
        except MemoryError:
            height, width = hole.shape
            raise LacunaError(
                f"the memory does not suffice for system '{self.name}' on {width}×{height} pixels; "
                f"choose a tile size smaller than {min(size) if size else max(hole.shape)}"
            ) from None
        return picture.filled(filled, hole)

    def _tile(self, tile: int | None) -> tuple[int, int] | None:
        if tile is None:
            return self.tile
        if self.fixed_tile and (tile, tile) != self.tile:
            raise LacunaError(
                f"'{self.name}' computes exactly {self.tile[1]}×{self.tile[0]} pixels at once; leave the tile size out"
            )
        if tile and tile < 16:
            raise LacunaError(f"a tile of {tile} pixels is too small; choose 16 or more, or 0 for the whole picture")
        return (tile, tile) if tile else None


def load(
    system: str | None = None,
    weights: str | Path | None = None,
    settings: dict | None = None,
    gpus: int = 1,
    threads: int | None = None,
    seed: int = 0,
) -> Model:
    """A model that fills pictures: `lacuna.load("aotgan", weights="….safetensors").inpaint(image, mask)`.

    system: a name of `lacuna.systems.names()`; weights that `lacuna train` wrote and ONNX files know theirs. weights: a
    `.safetensors` file of `lacuna train`, a file in the authors' key names, an `.onnx` file, or None for a system
    without training. settings: of the system, where they differ from what the weights say or from the authors'. gpus: 1
    = a GPU if there is one. threads: of the CPU; None = all. seed: of what a system draws at random.
    """
    if gpus not in (0, 1) or (threads is not None and threads < 1):
        raise LacunaError(f"gpus is 0 or 1 and threads 1 or more, not {gpus} and {threads}; change them")
    threads = threads or os.cpu_count() or 1
    if weights is not None and Path(weights).suffix == ".onnx":
        return _from_graph(system, Path(weights), settings, gpus, threads)
    from lacuna import systems

    note = _note(weights) if weights is not None else {}
    system = system or note.get("system")
    if system is None:
        known = ", ".join(systems.names())
        raise LacunaError(f"no system is named, and the weights do not say theirs; name one of {known}")
    own = note["settings"] if note.get("system") == system else {}
    model = systems.create(system, **{**own, **(settings or {})})
    device = model.prepare(weights, gpus=gpus, threads=threads, seed=seed)
    if model.facts.kind == "classical":
        return Model(lambda image, hole: model.predict_arrays([image], [hole])[0], system, device, None)
    import torch

    def predict(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
        torch.manual_seed(seed)  # a picture's result does not depend on those before it
        return model.predict_arrays([image], [hole])[0]

    return Model(predict, system, device, (TILE, TILE))


def _from_graph(system: str | None, path: Path, settings: dict | None, gpus: int, threads: int) -> Model:
    from lacuna.inpainting.graphs import Graph

    if settings:
        raise LacunaError(f"the settings of {path} are part of it; leave the settings out")
    graph = Graph(path, gpus, threads)
    if system is not None and graph.name != system:
        raise LacunaError(f"the graph {path} is of system '{graph.name}', not '{system}'; name the file's own system")
    return Model(graph.predict, graph.name, graph.device, graph.size or (TILE, TILE), fixed_tile=graph.size is not None)


def _note(weights: str | Path) -> dict:
    """What training wrote into its weights about them: `system`, `settings`, …; nothing for other files."""
    if Path(weights).suffix != ".safetensors" or not Path(weights).is_file():
        return {}
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, framework="np") as stream:
            return json.loads((stream.metadata() or {}).get(NOTE, "{}"))
    except SafetensorError:
        return {}  # `prepare` reads the file too, and says what is wrong
