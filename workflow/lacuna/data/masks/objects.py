"""Shapes of objects, out of somebody's segmentation masks, laid at random places: what removing things leaves."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lacuna.data.masks._pieces import put_together, shared_by
from lacuna.errors import LacunaError
from lacuna.keys import FilePath, key, verify

if TYPE_CHECKING:
    import numpy as np

_MOST_OBJECTS = 100_000


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Where the objects are."""

    path: FilePath = key(
        "a folder of masks (white = one object) or of label images (each value but 0 and 255 is one object)", None
    )
    pattern: FilePath = key("the glob that files of the folder must match; `**` is any depth", "**/*")
    annotations: FilePath = key("instead of a folder, a file of annotations in COCO's format (JSON)", None)
    categories: list[str] = key("names of the annotations' categories that are taken", [], shown="all")
    objects: int = key(
        "objects that are kept in memory, drawn from all by the seed", 2000, minimum=1, maximum=_MOST_OBJECTS
    )
    least_pixels: int = key("smaller objects are left out", 64, minimum=1, maximum=10**9)

    @staticmethod
    def consistent(value: dict, where: str) -> None:
        """Either a folder or annotations."""
        if (value.get("path") is None) == (value.get("annotations") is None):
            raise LacunaError(f"{where} needs either 'path', a folder, or 'annotations', a file; give one of them")
        if value.get("categories") and value.get("annotations") is None:
            raise LacunaError(
                f"{where}.categories is given, but masks of a folder have no categories; remove it, or choose with "
                "'pattern'"
            )


@dataclass(frozen=True)
class Options:
    """How the objects are laid."""

    number: int = shared_by("objects")
    flip: bool = key("objects are flipped left to right at random", True)

    def __post_init__(self):
        verify(self, "objects")


def read(settings: dict) -> "list[np.ndarray]":
    """The objects of a mask set: uint8 h×w each, 255 = object, cut to what they cover.

    Errors: a `LacunaError` for files that cannot be read or are no masks, and where no object is left.
    """
    import numpy as np

    from lacuna.canonical import seed_of

    rng = np.random.default_rng(seed_of(settings["seed"], settings["name"], "objects"))
    if settings.get("annotations") is not None:
        from lacuna.data.masks._coco import objects_of

        where = settings["annotations"]
        found = objects_of(Path(where), settings.get("categories") or [])
    else:
        where = settings["path"]
        found = _objects_of_folder(Path(where), settings.get("pattern") or "**/*")
    kept = []
    for i in rng.permutation(len(found)):
        for part in found[i]():
            if np.count_nonzero(part) >= settings.get("least_pixels", 1):
                kept.append(part)
        if len(kept) >= settings.get("objects", _MOST_OBJECTS):
            break
    if not kept:
        raise LacunaError(f"no object in {where} is large enough for the mask set {settings['name']}; name others")
    return kept[: settings.get("objects")]


def draw(
    rng: "np.random.Generator",
    size: tuple[int, int],
    fewest: int,
    most: int,
    options: Options,
    objects: "list[np.ndarray]",
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) of objects with `fewest` to `most` hole pixels; `size` is (width, height).

    Each is as large as its part of the covered area asks, as far as the image has room for it, and whole.
    None where no such mask was found.
    """
    import cv2
    import numpy as np

    def piece(area: float) -> np.ndarray:
        shape = objects[int(rng.integers(len(objects)))]
        if options.flip and rng.integers(2):
            shape = shape[:, ::-1]
        height, width = shape.shape
        scale = min((area / np.count_nonzero(shape)) ** 0.5, size[0] / width, size[1] / height)
        to = (max(1, int(scale * width)), max(1, int(scale * height)))
        resized = cv2.resize(shape, to, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        part = np.where(resized >= 128, 255, 0).astype(np.uint8)
        return part if part.any() else np.full((1, 1), 255, np.uint8)

    return put_together(rng, size, fewest, most, options.number, piece)


def _objects_of_folder(folder: Path, pattern: str) -> list:
    """One function for each file, that reads its objects."""
    from functools import partial

    from lacuna.data.fingerprint import matching_files

    return [partial(_objects_of_file, folder / name) for name in matching_files(folder, pattern).pictures]


def _objects_of_file(path: Path) -> "list[np.ndarray]":
    """The objects of a mask or a label image, in the order of their values."""
    import numpy as np
    from PIL import Image

    from lacuna.data.decoding import UNREADABLE
    from lacuna.data.masks._coco import cut

    try:
        with Image.open(path) as picture:
            grey = picture if picture.mode in ("1", "L", "P", "I;16", "I") else picture.convert("RGB")
            labels = np.asarray(grey if grey.mode != "1" else grey.convert("L"))
    except UNREADABLE as error:
        raise LacunaError(f"{path} cannot be read as a mask ({error}); repair or remove it") from None
    if labels.ndim == 3:
        if (labels != labels[..., :1]).any():
            raise LacunaError(f"{path} is in colour; give masks, or label images with one number a pixel")
        labels = labels[..., 0]
    values = [int(value) for value in np.unique(labels) if value not in (0, 255)]
    if labels.dtype != np.uint8 or values:
        return [cut(labels == value) for value in values]
    return [cut(labels == 255)] if labels.any() else []
