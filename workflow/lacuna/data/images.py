"""Images and masks between files and arrays."""

from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.data.decoding import UNREADABLE, decode
from lacuna.errors import LacunaError
from lacuna.files import atomic


def read_image(path: str | Path) -> np.ndarray:
    """An image file as float32 3×H×W, RGB in [0, 1]; a file that cannot be read is a `LacunaError`."""
    return read_image_bytes(path).astype(np.float32) / np.float32(255)


def read_mask(path: str | Path) -> np.ndarray:
    """A mask file as float32 1×H×W, exactly 0 or 1, 1 = hole. Errors: as in `read_mask_bytes`."""
    return read_mask_bytes(path).astype(np.float32)


def read_image_bytes(path: str | Path) -> np.ndarray:
    """An image file as uint8 3×H×W in [0, 255]; a file that cannot be read is a `LacunaError`."""
    try:
        image, _ = decode(path)
    except UNREADABLE as error:
        raise LacunaError(f"the image {path} cannot be read ({error}); make it again or remove it") from None
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def read_mask_bytes(path: str | Path) -> np.ndarray:
    """A mask file as uint8 1×H×W, exactly 0 or 1, 1 = hole.

    Errors: a `LacunaError` when the file cannot be read or holds other values than 0 (valid) and 255 (hole): a mask is
    binarised when it enters the house, not here.
    """
    try:
        with Image.open(path) as opened:
            values = np.asarray(opened.convert("L"))
    except UNREADABLE as error:
        raise LacunaError(f"the mask {path} cannot be read ({error}); make it again or remove it") from None
    if values.max() == 1:
        raise LacunaError(f"the mask {path} holds 0 and 1 where 0 and 255 are meant; multiply it by 255")
    holes = values == 255
    others = np.unique(values[~holes & (values != 0)])
    if len(others):
        raise LacunaError(
            f"the mask {path} holds {len(others)} values other than 0 and 255, such as {others[0]}; "
            f"bring it in with make-masks, kind folder, which binarises it"
        )
    return holes[None].astype(np.uint8)


def write_image(path: str | Path, image) -> None:
    """Store float 3×H×W in [0, 1] (NumPy, or a torch tensor on the CPU) as 8-bit RGB PNG.

    Values are clamped and rounded to the nearest of 256 levels, halves to the even one.
    """
    levels = np.rint(np.clip(np.asarray(image, np.float64), 0, 1) * 255).astype(np.uint8)
    with atomic(path) as partial:
        Image.fromarray(np.ascontiguousarray(levels.transpose(1, 2, 0))).save(partial, "PNG", compress_level=3)
