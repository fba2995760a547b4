"""A system that is ready to fill somebody's pictures, wherever its weights come from."""

import os
import warnings
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.data.stems import refuse_own_mask
from lacuna.errors import LacunaError
from lacuna.inpainting.filling import Predict, fill
from lacuna.inpainting.holes import hole_of
from lacuna.inpainting.pictures import Picture, picture_of
from lacuna.memory import as_memory_error
from lacuna.released.catalogue import PREFIX, released

TILE = 512  # pixels; what fits into it is computed at once
OVERLAP = 64
DEVICES = ("cpu", "cuda", "mps")


class Model:
    """A predictor with its name, its device in words, and the tile that it takes: (height, width), or None for all.

    system, weights: what predicts, and the file that it was loaded from; None for a graph. seeded: seed → a predictor
    that draws from it; None where no seed changes a prediction.
    notes: sentences on what a user should know of it before its results are believed.
    """

    def __init__(
        self,
        predict: Predict,
        name: str,
        device: str,
        tile: tuple[int, int] | None,
        fixed_tile: bool = False,
        notes: tuple[str, ...] = (),
        system=None,
        weights: str | Path | None = None,
        seeded: Callable[[int], Predict] | None = None,
    ):
        self.predict, self.name, self.device, self.tile, self.fixed_tile = predict, name, device, tile, fixed_tile
        self.notes, self.system, self.weights, self.seeded = notes, system, weights, seeded

    @property
    def draws(self) -> bool:
        """Whether what is filled in depends on the seed."""
        return self.seeded is not None

    def with_seed(self, seed: int) -> "Model":
        """The same model, drawing from another seed; itself where no seed changes what it fills in."""
        if self.seeded is None:
            return self
        other = copy(self)
        other.predict = self.seeded(seed)
        return other

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
        for note in (*self.notes, *picture.notes):
            warnings.warn(note, stacklevel=2)
        hole = hole_of(mask, picture, invert=invert_mask, resize=resize_mask, dilate=dilate)
        return _as_given(image, self.fill(picture, hole, tile=tile, overlap=overlap))

    def adapt(
        self,
        image,
        mask,
        *,
        experiment="combination_I",
        keep: str = "auto",
        invert_mask: bool = False,
        resize_mask: bool = False,
        dilate: int = 0,
        **options,
    ):
        """As `inpaint`, by a network that first learned on from what is known of the picture (test-time training).

        experiment: a name of `lacuna.adaptation.experiments`, or one of its `Experiment`s. keep: `auto` adapts, and
        decides by a held-out part of the picture after how many steps, if at all, the adapted network completes it;
        `always` and `never` decide beforehand. options: see `lacuna.adaptation.filling.adapt_picture`. The model itself
        stays as it is.
        """
        from lacuna.adaptation.filling import adapt_picture

        picture = picture_of(image)
        for note in picture.notes:
            warnings.warn(note, stacklevel=2)
        hole = hole_of(mask, picture, invert=invert_mask, resize=resize_mask, dilate=dilate)
        return _as_given(image, adapt_picture(self, picture, hole, experiment, keep, **options).picture)

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
        if overlap is not None and size is None:
            raise LacunaError(
                f"'{self.name}' computes the whole picture at once; leave the overlap out, or give a tile"
            )
        if overlap is None:
            overlap = min([OVERLAP, *(side // 4 for side in size or ())])
        if size and not 2 <= overlap <= min(size) // 2:
            raise LacunaError(
                f"an overlap of {overlap} does not fit tiles of {min(size)}; choose 2 to {min(size) // 2}"
            )
        try:
            with as_memory_error():
                filled = fill(self.predict, picture.rgb, hole, size, overlap, progress)
        except MemoryError:
            height, width = hole.shape
            raise LacunaError(
                f"not enough memory for system '{self.name}' on {width}×{height} pixels; "
                f"choose a tile size smaller than {min(size) if size else max(hole.shape)}"
            ) from None
        return picture.filled(filled, hole)

    def _tile(self, tile: int | None) -> tuple[int, int] | None:
        if tile is None:
            return self.tile
        if self.fixed_tile and self.tile and (tile, tile) != self.tile:
            raise LacunaError(
                f"'{self.name}' computes exactly {self.tile[1]}×{self.tile[0]} pixels at once; leave the tile size out"
            )
        if tile and tile < 16:
            raise LacunaError(f"a tile of {tile} pixels is too small; choose 16 or more, or 0 for the whole picture")
        return (tile, tile) if tile else None


def _as_given(image, filled: Picture):
    """The picture as an array like `image` if that is one, else as an image of Pillow's."""
    if hasattr(image, "__array__") and not isinstance(image, Image.Image):
        return filled.pixels.reshape(np.shape(image))
    return filled.as_image()


def load(
    system: str | None = None,
    weights: str | Path | None = None,
    settings: dict | None = None,
    gpus: int = 1,
    threads: int | None = None,
    seed: int = 0,
    device: str | None = None,
    drawn: bool = False,
) -> Model:
    """A model that fills pictures: `lacuna.load("aotgan", weights="….safetensors").inpaint(image, mask)`.

    system: a name of `lacuna.systems.names()`; weights trained here and ONNX files know theirs. weights: a
    `.safetensors` file of `lacuna step train`, a file in the authors' key names, an `.onnx` file, `catalogue:NAME` for
    fetched ones (`lacuna weights`), or None for a system without training. settings: of the system, where they differ
    from what the weights say or from the authors'. gpus: 1 = a CUDA GPU if there is one. threads: of the CPU; None =
    all. seed: of what a system draws at random. device: `cpu`, `cuda` or `mps` (an Apple GPU; not for ONNX files),
    whatever `gpus` says; classical systems use the CPU.
    drawn: whether a system that can draw, such as MI-GAN, is set to (`System.drawing`), unless `settings` say
    otherwise.
    """
    if gpus not in (0, 1) or (threads is not None and threads < 1):
        raise LacunaError(f"gpus is 0 or 1 and threads 1 or more, not {gpus} and {threads}; change them")
    if device not in (None, *DEVICES):
        raise LacunaError(f"device is one of {', '.join(DEVICES)}, not {device!r}; change it")
    device = device or ("auto" if gpus else "cpu")
    if not isinstance(settings or {}, Mapping):
        raise LacunaError(f"settings are names and values, like {{'width': 64}}, not {settings!r}; correct them")
    if not isinstance(weights, str | Path | None) or not isinstance(system, str | None):
        raise LacunaError(f"a system is a name and weights are a path, not {system!r} and {weights!r}; correct them")
    threads = threads or os.cpu_count() or 1
    if str(weights).startswith(PREFIX):
        system, weights, settings = _of_catalogue(system, str(weights), settings or {})
    if weights is not None and Path(weights).suffix.lower() == ".onnx":
        return _from_graph(system, Path(weights), settings, device, threads)
    from lacuna import systems

    if weights is None:
        if system is None:
            raise LacunaError(f"no system is named; name one of {', '.join(systems.names())}")
        model = systems.create(system, **{**_wanted(system, drawn), **(settings or {})})
    else:
        system, model = _for_weights(system, weights, settings or {}, drawn)
    prepared = model.prepare(weights, device=device, threads=threads, seed=seed)

    def seeded(from_seed: int) -> Predict:
        def predict(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
            model.draw_from(from_seed)  # a picture's result does not depend on those before it
            return model.predict_arrays([image], [hole])[0]

        return predict

    tile = None if model.facts.kind == "classical" else (TILE, TILE)
    drawing = seeded if model.draws else None
    return Model(seeded(seed), system, prepared, tile, system=model, weights=weights, seeded=drawing)


def _of_catalogue(system: str | None, name: str, settings: Mapping) -> tuple[str | None, Path, dict]:
    """System, file and settings of fetched weights; a graph says its system itself, and takes no settings."""
    from lacuna.released.fetching import found

    entry = released(name)
    if system not in (None, entry.system):
        raise LacunaError(f"the weights {name} are of system '{entry.system}', not '{system}'; name that one")
    path = found(name)
    return (None if path.suffix == ".onnx" else entry.system), path, {**entry.settings, **settings}


def _wanted(system: str, drawn: bool) -> dict:
    """The settings at which a system draws, if it is to."""
    from lacuna import systems

    return dict(systems.system_class(system).drawing or {}) if drawn else {}


def _from_graph(system: str | None, path: Path, settings: dict | None, device: str, threads: int) -> Model:
    from lacuna.inpainting.onnx_predictor import Graph

    if settings:
        raise LacunaError(f"{path} has its settings built in; leave the settings out")
    graph = Graph(path, int(device in ("auto", "cuda")), threads)
    if device == "mps" or (device == "cuda" and not graph.device.endswith("CUDA")):
        raise LacunaError(f"ONNX Runtime does not compute on '{device}' here; choose cpu for {path}")
    if system is not None and graph.name != system:
        raise LacunaError(f"the graph {path} is of system '{graph.name}', not '{system}'; name the file's own system")
    tile, fixed = graph.size or (TILE, TILE), graph.size is not None
    return Model(graph.predict, graph.name, graph.device, tile, fixed_tile=fixed, notes=tuple(graph.notes))


def _for_weights(system: str | None, weights: str | Path, settings: Mapping, drawn: bool) -> tuple[str, object]:
    """(its name, a system at the settings that its weights say)."""
    from lacuna import systems
    from lacuna.systems._outline import check_outline
    from lacuna.systems._reading import read_metadata, read_note, read_tensors

    if system is not None and systems.system_class(system).facts.kind != "deep":
        return system, systems.create(system, **settings)  # it says itself that it takes no weights
    note = read_note(read_metadata(weights), weights)
    if system is None:
        if note is None:
            read_tensors(weights)  # what is no file of weights is called that
            known = ", ".join(systems.names())
            raise LacunaError(f"the weights {weights} do not say which system they belong to; name one of {known}")
        system = str(note["system"])
    own = note["settings"] if note and note["system"] == system else {}
    whose = f"the weights {weights}'" if own and not settings else "these"
    given = {**own, **_wanted(system, drawn), **settings}
    check_outline(system, given, whose)
    return system, systems.create(system, **given)
