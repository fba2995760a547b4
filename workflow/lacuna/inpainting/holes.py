"""The hole that a mask means: binarised once, turned, resized and grown only when asked to."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from lacuna.data.decoding import in_eight_bits
from lacuna.data.images import grey_of
from lacuna.errors import LacunaError
from lacuna.inpainting.pictures import Picture, picture_of


def hole_of(
    source,
    picture: Picture,
    *,
    name: str | None = None,
    invert: bool = False,
    resize: bool = False,
    dilate: int = 0,
) -> np.ndarray:
    """bool H×W of the picture's size, True = hole, from a mask whose pixels of 128 and more (of 255) are the hole.

    source: path, binary stream, Pillow image, or array or nested list (bool; uint8 0 and 255; floats 0 and 1). Integers
    of more bits that are all 0 or 255 count as 8 bits. invert: dark pixels are the hole. resize: a mask of another size
    is resized, and a pixel is hole if any part of the mask's hole lies on it, so that nothing is lost. dilate: pixels
    that the hole grows by, in every direction alike. Errors: a `LacunaError` for a mask that cannot be read, is
    see-through, has another size, holds 0 and 1 where 0 and 255 are meant, is empty, or covers everything.
    """
    name = name or (f"the mask {source}" if isinstance(source, str | Path) else "the mask")
    if dilate < 0:
        raise LacunaError(f"a hole can grow by 0 pixels or more, not by {dilate}")
    values = _values(source, name)
    hole = (values >= 128) != invert
    if hole.shape != picture.size:
        if not resize:
            raise LacunaError(_another_size(hole.shape, picture, name))
        hole = resized(hole, picture.size)
    kept, holes = ("white", "black") if invert else ("black", "white")
    if not hole.any():
        raise LacunaError(f"{name} is empty, so nothing is to be filled; paint the hole {holes}, or invert the mask")
    if dilate and not hole.all():
        distance = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        hole = distance <= dilate
    if hole.all():
        raise LacunaError(
            f"{name} covers the whole picture, so nothing is known to fill it from; leave {kept} what is to be kept"
        )
    return hole


def resized(hole: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A hole, bool H×W, at another (height, width): a pixel is hole if any part of the hole lies on it."""
    for axis, (old, new) in enumerate(zip(hole.shape, size, strict=True)):
        starts = np.arange(new) * old // new
        ends = -(-(np.arange(new) + 1) * old // new)
        before = np.insert(np.cumsum(hole, axis, dtype=np.int64), 0, 0, axis)
        hole = before.take(ends, axis) > before.take(starts, axis)
    return hole


def _values(source, name: str) -> np.ndarray:
    """uint8 H×W."""
    if isinstance(source, list | tuple):
        try:
            source = np.asarray(source)
        except ValueError:
            raise LacunaError(f"{name} is a list whose rows differ in length; give them one length") from None
    if hasattr(source, "__array__") and not isinstance(source, Image.Image):
        source = np.asarray(source)
        if source.dtype == np.bool_:
            source = source.astype(np.uint8) * 255
        source = in_eight_bits(source)
    mask = picture_of(source, name)
    return grey_of(Image.fromarray(mask.rgb), mask.transparent, name)


def _another_size(shape: tuple[int, int], picture: Picture, name: str) -> str:
    (height, width), (mask_height, mask_width) = picture.size, shape
    sentence = f"{name} has {mask_width}×{mask_height} pixels and the picture {width}×{height}"
    if shape == picture.stored_size:
        return f"{sentence}, as it is shown (its EXIF turns it); rotate the mask as well"
    return f"{sentence}; make them one size, or ask for the mask to be resized (--resize-mask)"
