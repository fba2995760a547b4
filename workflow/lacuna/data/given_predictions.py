"""A folder of somebody else's predictions, paired with images by file stem and by nothing else.

Pairing by the order of sorted names is the classical mistake: one more file in the folder, and every prediction is
compared with another picture.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lacuna.data.decoding import UNREADABLE, upright_size
from lacuna.data.images import read_image_bytes
from lacuna.errors import LacunaError


def paired_predictions(images: list[Path], folder: Path) -> Iterator[np.ndarray]:
    """For each image the prediction of its stem in `folder`, uint8 H×W×3 RGB in [0, 255], of the image's size.

    Errors: a `LacunaError` when the folder is missing, a stem has no file or several, or a size differs.
    """
    if not folder.is_dir():
        raise LacunaError(f"the folder of predictions {folder} does not exist; correct the path in the config")
    by_stem: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            by_stem.setdefault(path.stem, []).append(path)
    missing = [image.stem for image in images if image.stem not in by_stem]
    if missing:
        raise LacunaError(
            f"the folder of predictions {folder} lacks {len(missing)} of {len(images)} images, such as "
            f"'{missing[0]}'; name each prediction as its image is named"
        )
    several = [image.stem for image in images if len(by_stem[image.stem]) > 1]
    if several:
        names = ", ".join(path.name for path in by_stem[several[0]])
        raise LacunaError(f"the folder of predictions {folder} has several files of one stem ({names}); keep one")
    return (_of_size(by_stem[image.stem][0], image) for image in images)


def _of_size(path: Path, image: Path) -> np.ndarray:
    prediction = read_image_bytes(path).transpose(1, 2, 0)
    try:
        width, height = upright_size(image)
    except UNREADABLE as error:
        raise LacunaError(f"the image {image} cannot be read ({error}); stage the test set again") from None
    if prediction.shape[:2] != (height, width):
        raise LacunaError(
            f"the prediction {path} is {prediction.shape[1]}x{prediction.shape[0]} but its image {image} is "
            f"{width}x{height}; predictions are compared at the run's size"
        )
    return np.ascontiguousarray(prediction)
