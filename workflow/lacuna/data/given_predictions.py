"""A folder of somebody else's predictions, paired with images by file stem and by nothing else.

Pairing by the order of sorted names is the classical mistake: one more file in the folder, and every prediction is
compared with another picture.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lacuna.cells import spelt
from lacuna.data.decoding import UNREADABLE, upright_size
from lacuna.data.images import read_image_noting
from lacuna.data.stems import by_stem, masks_of, nearest, pictures, prediction_of, stem_of
from lacuna.errors import LacunaError


def paired_predictions(images: list[Path], folder: Path) -> Iterator[tuple[np.ndarray, bool]]:
    """For each image its prediction in `folder`, uint8 H×W×3 RGB in [0, 255], and whether its alpha was dropped.

    `lacuna.data.stems` describes how predictions are named. Errors: a `LacunaError` when the folder is missing, an
    image has no prediction, a stem has several files or several images, or a size differs.
    """
    if not folder.is_dir():
        raise LacunaError(f"the folder of predictions {folder} does not exist; correct the path in the config")
    found = pictures(by_stem(folder)).of
    named = masks_of({stem_of(image.name) for image in images}, found)
    stems = {image: prediction_of(stem_of(image.name), None, found, named) for image in images}
    names = {image: name for image, name in stems.items() if name is not None}
    missing = [stem_of(image.name) for image in stems if image not in names]
    if missing:
        raise LacunaError(
            f"the folder of predictions {folder} lacks {len(missing)} of {len(images)} images, such as "
            f"'{spelt(missing[0])}'{nearest(missing[0], found)}; name each prediction as its image is named"
        )
    if len({image.stem for image in images}) < len(images):
        raise LacunaError(
            "several of the images have one file stem, so predictions named after them cannot be told apart; "
            "give every image a stem of its own"
        )
    return (_of_size(found[names[image]], image) for image in images)


def _of_size(path: Path, image: Path) -> tuple[np.ndarray, bool]:
    prediction, transparent = read_image_noting(path)
    try:
        width, height = upright_size(image)
    except UNREADABLE as error:
        raise LacunaError(f"the image {image} cannot be read ({error}); stage the test set again") from None
    if prediction.shape[:2] != (height, width):
        raise LacunaError(
            f"the prediction {path} is {prediction.shape[1]}x{prediction.shape[0]} but its image {image} is "
            f"{width}x{height}; predictions are compared at the run's size"
        )
    return prediction, transparent
