"""Images and masks from files to arrays."""

from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.data.decoding import UNREADABLE, decode
from lacuna.errors import LacunaError


def read_image(path: str | Path) -> np.ndarray:
    """An image file as uint8 H×W×3 in [0, 255]; a file that cannot be read is a `LacunaError`."""
    try:
        image, _ = decode(path)
    except UNREADABLE as error:
        raise LacunaError(f"the image {path} cannot be read ({error}); make it again or remove it") from None
    return np.array(image)


def read_mask(path: str | Path) -> np.ndarray:
    """A mask file as bool H×W, True = hole.

    Errors: as in `grey_mask`, and a `LacunaError` for other values than 0 (valid) and 255 (hole): a mask is binarised
    when its set is built, not here.
    """
    values = grey_mask(path)
    holes = values == 255
    others = np.unique(values[~holes & (values != 0)])
    if len(others):
        raise LacunaError(
            f"the mask {path} holds {len(others)} values other than 0 and 255, such as {others[0]}; "
            f"bring it in with make-masks, kind folder, which binarises it"
        )
    return holes


def grey_mask(path: str | Path) -> np.ndarray:
    """A mask file as uint8 H×W in [0, 255], upright as images are, 16 bits brought to 8.

    Errors: a `LacunaError` when the file cannot be read, is see-through, or holds 0 and 1 only.
    """
    try:
        picture, transparent = decode(path)
    except UNREADABLE as error:
        raise LacunaError(f"the mask {path} cannot be read ({error}); repair or remove it") from None
    return grey_of(picture, transparent, f"the mask {path}")


def grey_of(picture: Image.Image, transparent: bool, name: str) -> np.ndarray:
    """A mask's picture as uint8 H×W; a see-through one, and one of 0 and 1 only, is a `LacunaError` about `name`."""
    if transparent:
        raise LacunaError(
            f"{name} has transparent pixels, so that it is unclear where the hole is; flatten it to black and white"
        )
    values = np.asarray(picture.convert("L"))
    if values.max() == 1:
        raise LacunaError(f"{name} holds 0 and 1 where 0 and 255 are meant; multiply it by 255")
    return values
