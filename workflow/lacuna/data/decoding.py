"""From whatever an image file holds to right 8-bit RGB.

Embedded colour profiles are not applied, as in the training code of the compared systems: CMYK is converted by Pillow's
plain formula.
"""

import struct
from pathlib import Path
from typing import IO

import numpy as np
from PIL import ExifTags, Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from lacuna.data.formats import FORMATS, is_heif

# What Pillow raises on files that are damaged, cut off, too large or not images at all.
UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    Image.DecompressionBombError,
)
_TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange width and height


def decode(path: str | Path | IO[bytes]) -> tuple[Image.Image, bool]:
    """The first picture of a file, named or open, as 8-bit RGB, upright, and whether any pixel was not opaque.

    Alpha is dropped: the colours stored under it count, as for Pillow's `convert("RGB")` and OpenCV, with which the
    compared systems' code reads pictures. Errors: any of `UNREADABLE`.
    """
    with open_picture(path) as opened:
        load(opened)
        return to_rgb(ImageOps.exif_transpose(opened))


def open_picture(path: str | Path | IO[bytes]) -> Image.Image:
    """A picture of one of the formats that are decoded here, opened and not loaded. Errors: any of `UNREADABLE`."""
    try:
        return Image.open(path, formats=FORMATS)
    except Image.UnidentifiedImageError:
        if not is_heif(_start_of(path)):
            raise
    try:
        import pillow_heif
    except ImportError:
        raise OSError("a HEIC picture takes the package pillow-heif; install it (pip install pillow-heif)") from None
    pillow_heif.register_heif_opener()
    return Image.open(path, formats=("HEIF",))


def _start_of(path: str | Path | IO[bytes]) -> bytes:
    if isinstance(path, str | Path):
        with Path(path).open("rb") as stream:
            return stream.read(12)
    path.seek(0)
    start = path.read(12)
    path.seek(0)
    return start


def load(opened: Image.Image) -> None:
    """Load the pixels of an image, and give its transparent value as many bits as they have.

    PNG states the value in the file's bits (section 11.3.2.1 of its specification), where Pillow leaves it. Of 16-bit
    colour Pillow reads the upper 8 bits, and so the colours that differ only below them become transparent together.
    """
    tiles = getattr(opened, "tile", None)  # an image that comes from no file has none
    bits = tiles[0].args if tiles else None
    opened.load()
    value = opened.info.get("transparency")
    if value is not None and bits in ("L;2", "L;4"):
        opened.info["transparency"] = (value & 3) * 85 if bits == "L;2" else (value & 15) * 17
    elif value is not None and bits == "RGB;16B":
        opened.info["transparency"] = tuple(each >> 8 for each in value)


def to_rgb(image: Image.Image) -> tuple[Image.Image, bool]:
    """A picture of any of Pillow's modes as 8-bit RGB, and whether any pixel was not opaque; `decode` explains it.

    Errors: `ValueError` for values that have no agreed range.
    """
    if image.mode.startswith("I"):
        return from_array(sixteen_bits(image))
    if image.mode == "F":
        return from_array(np.asarray(image))
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        return _without_alpha(image.convert("RGBA"))
    return image.convert("RGB"), False


def sixteen_bits(image: Image.Image) -> np.ndarray:
    """16-bit grey in any of Pillow's modes for it: uint16 H×W, or with alpha H×W×2 if a pixel is transparent.

    Errors: `ValueError` for integers beyond 16 bits.
    """
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("integers beyond 16 bits have no agreed range")
    grey, clear = values.astype(np.uint16), values == image.info.get("transparency", -1)
    return np.dstack([grey, np.where(clear, np.uint16(0), np.uint16(65535))]) if clear.any() else grey


def from_array(values: np.ndarray) -> tuple[Image.Image, bool]:
    """An array H×W or H×W×C (C = 1 grey, 2 grey+alpha, 3 RGB, 4 RGBA) as `decode` returns it.

    bool, uint8 in [0, 255], uint16 in [0, 65535] and floats in [0, 1] are understood; else `ValueError`.
    """
    values = in_eight_bits(values)
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * 255
    elif values.dtype == np.uint16:
        values = np.rint(values / 257).astype(np.uint8)
    elif np.issubdtype(values.dtype, np.floating):
        if not (values.min() >= 0 and values.max() <= 1):  # a NaN fails this too
            raise ValueError("floating-point values outside [0, 1]")
        values = np.rint(values.astype(np.float64) * 255).astype(np.uint8)
    elif values.dtype != np.uint8:
        raise ValueError(f"values of type {values.dtype} have no agreed range")
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or not 1 <= values.shape[2] <= 4:
        raise ValueError(f"an array of shape {values.shape} is not a picture")
    image = Image.fromarray(np.ascontiguousarray(values[..., 0] if values.shape[2] == 1 else values))
    if image.mode in ("LA", "RGBA"):
        return _without_alpha(image.convert("RGBA"))
    return image.convert("RGB"), False


def in_eight_bits(values: np.ndarray) -> np.ndarray:
    """Integers of more than 8 bits that are all 0 or 255, as tools write masks, as uint8; other values as they are."""
    if values.dtype.kind in "iu" and values.dtype.itemsize > 1 and np.isin(values, (0, 255)).all():
        return values.astype(np.uint8)
    return values


def upright_size(path: str | Path) -> tuple[int, int]:
    """(width, height) that `decode` would return, from the file's header alone. Errors: any of `UNREADABLE`."""
    with open_picture(path) as opened:
        turned = opened.getexif().get(ExifTags.Base.Orientation) in _TURNED
        return stored_size(opened)[::-1] if turned else stored_size(opened)


def stored_size(opened: Image.Image) -> tuple[int, int]:
    """(width, height) before EXIF's orientation is applied, of an image that is opened and not yet loaded."""
    # Pillow gives a TIFF the size that it will have once its own tag is applied, every other file the stored one
    swapped = isinstance(opened, TiffImageFile) and opened.tag_v2.get(ExifTags.Base.Orientation) in _TURNED
    return opened.size[::-1] if swapped else opened.size


def _without_alpha(image: Image.Image) -> tuple[Image.Image, bool]:
    """The colours of RGBA, and whether any pixel was not opaque."""
    return image.convert("RGB"), image.getextrema()[3][0] < 255  # type: ignore[misc]  # RGBA has four
