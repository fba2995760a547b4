"""Images and masks from files to arrays."""

from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.data.decoding import UNREADABLE, decode
from lacuna.errors import LacunaError

THRESHOLD = 128
"""The smallest value of a mask that is hole."""


def read_image(path: str | Path) -> np.ndarray:
    """An image file as uint8 H×W×3 in [0, 255]: what `read_image_noting` returns first; errors as there."""
    return read_image_noting(path)[0]


def read_image_noting(path: str | Path) -> tuple[np.ndarray, bool]:
    """An image file as uint8 H×W×3 in [0, 255], and whether it has transparent pixels.

    Their alpha is dropped (`decode`): a prediction that is transparent outside the hole is compared by the colours that
    it stores. A file that cannot be read is a `LacunaError`.
    """
    try:
        image, transparent = decode(path)
    except UNREADABLE as error:
        raise LacunaError(f"the image {path} cannot be read ({error}); make it again or remove it") from None
    return np.array(image), transparent


def read_mask(path: str | Path) -> np.ndarray:
    """A mask file as bool H×W, True = hole.

    Errors: as in `grey_mask`, and a `LacunaError` for other values than 0 (valid) and 255 (hole): a mask is binarised
    when its set is built, not here.
    """
    hole, others = read_soft_mask(path)
    if len(others):
        raise LacunaError(
            f"the mask {path} holds {len(others)} values other than 0 and 255, such as {others[0]}; save it under the "
            "same name as black and white (128 and more: 255), without JPEG or antialiasing"
        )
    return hole


def read_soft_mask(path: str | Path, invert: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A mask file as bool H×W, True = hole, and its values other than 0 and 255, sorted.

    Values of 128 and more are the hole, as for `lacuna inpaint`; with `invert` those below. Errors: as in `grey_mask`.
    """
    values = grey_mask(path)
    hole = (values >= THRESHOLD) != invert
    return hole, np.unique(values[(values != 0) & (values != 255)])


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
