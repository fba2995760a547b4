"""Somebody's picture: read with all that it carries, written again with nothing lost but the hole."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps
from PIL.ExifTags import Base

from lacuna.data.decoding import UNREADABLE, from_array, load, open_picture, sixteen_bits, stored_size, to_rgb
from lacuna.errors import LacunaError

# What 255 of a prediction is in the picture's own numbers.
_SCALE = {np.dtype(np.uint8): 1, np.dtype(np.uint16): 257} | dict.fromkeys(map(np.dtype, ("f4", "f8")), 1 / 255)
# EXIF's first directory is one of TIFF's. TIFF's own tags, those before `Copyright`, say how pixels lie: size, bits,
# strips, palette. Cameras write such tags too; of the result they are not true, and Pillow's TIFF writer believes them.
# So only those of them that describe the picture are kept; of a TIFF no private ones either, as many point into it.
_DESCRIPTIVE = {
    *(Base.DocumentName, Base.ImageDescription, Base.Make, Base.Model, Base.PageName, Base.Software, Base.DateTime),
    *(Base.Artist, Base.HostComputer, Base.XResolution, Base.YResolution, Base.ResolutionUnit, Base.WhitePoint),
    *(Base.PrimaryChromaticities, Base.Rating, Base.RatingPercent, Base.Copyright, Base.ExifOffset, Base.GPSInfo),
}
_SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "WEBP": ".webp", "TIFF": ".tif"}
_LEFT_OUT = {Base.InterColorProfile, Base.ImageResources}  # the profile is in `keep`; the other holds a thumbnail


@dataclass
class Picture:
    """One picture, upright.

    pixels: H×W×C, C = 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; uint8, uint16 or floats in [0, 1], as the file has them.
    rgb: what a system sees, uint8 H×W×3, the colours under transparency too.
    keep: what else the file carried (`exif`, `icc_profile`, `dpi`), as Pillow's `save` takes it.
    stored_size: height and width before EXIF's orientation was applied.
    notes: sentences about what could not be kept.
    suffix: of files in the format that it came in, or `.png` where results cannot be written in that.
    """

    pixels: np.ndarray
    rgb: np.ndarray
    keep: dict = field(default_factory=dict)
    stored_size: tuple[int, int] = (0, 0)
    notes: list[str] = field(default_factory=list)
    suffix: str = ".png"

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.rgb.shape[:2]

    @property
    def transparent(self) -> bool:
        """Whether any pixel is not opaque."""
        alpha = self.pixels[..., -1]
        return self.pixels.shape[2] in (2, 4) and bool((alpha < 255 * _SCALE[alpha.dtype]).any())

    def filled(self, prediction: np.ndarray, hole: np.ndarray) -> "Picture":
        """The picture with `prediction` (uint8 H×W×3) where `hole` (bool H×W) is, opaque; every other value untouched.

        A grey picture stays grey (ITU-R BT.601 weights), and 16 bits or floats stay such; the prediction has 8 bits.
        """
        channels = self.pixels.shape[2]
        colour = np.asarray(Image.fromarray(prediction).convert("L"))[..., None] if channels < 3 else prediction
        if channels in (2, 4):
            colour = np.dstack([colour, np.full(hole.shape, 255, np.uint8)])
        pixels = self.pixels.copy()
        pixels[hole] = colour[hole] * pixels.dtype.type(_SCALE[pixels.dtype])
        return replace(self, pixels=pixels, rgb=np.where(hole[..., None], prediction, self.rgb))

    def as_image(self) -> Image.Image:
        """As Pillow has it; `info` holds what the file carried, ready for `save(…, **image.info)`."""
        pixels = self.pixels[..., 0] if self.pixels.shape[2] == 1 else self.pixels
        image = Image.fromarray(np.ascontiguousarray(pixels))
        image.info.update(self.keep)
        return image


def read_picture(source, name: str) -> Picture:
    """The picture in a file (path or binary stream), called `name` in messages.

    What cannot be read is a `LacunaError`. Of several frames the first is taken, with a note.
    """
    with _one_sentence(name), open_picture(source) as opened:
        sixteen = _loses_bits(opened)
        frames = getattr(opened, "n_frames", 1) if opened.format != "MPO" else 1
        picture = from_image(opened)
        picture.suffix = _SUFFIXES.get(opened.format or "", ".png")
    if sixteen:
        picture.notes.append(f"{name} has 16 bits a channel, of which 8 are read and kept")
    if frames > 1:
        picture.notes.append(f"{name} holds {frames} pictures, of which the first is read")
    return picture


def from_image(image: Image.Image) -> Picture:
    """The picture in an image of Pillow's, upright. Errors: any of `UNREADABLE`."""
    stored, notes = stored_size(image)[::-1], []
    load(image)
    keep = {"icc_profile": image.info["icc_profile"]} if image.info.get("icc_profile") else {}
    dpi = [float(value) for value in image.info.get("dpi", ())]
    if dpi and all(0 < value < float("inf") for value in dpi):
        keep["dpi"] = tuple(dpi)
    try:
        with warnings.catch_warnings(record=True) as complaints:
            warnings.simplefilter("always")
            keep |= _exif(image)
            image = ImageOps.exif_transpose(image)
        damaged = bool(complaints)
    except UNREADABLE:
        damaged = True
    if damaged:
        notes.append("the EXIF data are damaged, and what cannot be read of them is left out")
    rgb, _ = to_rgb(image)
    own: Image.Image | np.ndarray = image
    if image.mode.startswith("I"):
        own = sixteen_bits(image)
        if own.ndim == 3:
            own = np.rint(own / 257).astype(np.uint8)
            notes.append("grey of 16 bits cannot be written with transparency, so that 8 of them are kept")
    elif "transparency" in image.info or image.mode in ("P", "PA", "La", "RGBa"):
        see_through = "transparency" in image.info or image.mode != "P"
        grey = image.mode in ("L", "La")
        own = image.convert(("LA" if grey else "RGBA") if see_through else "RGB")
    elif image.mode == "1":
        own = image.convert("L")
    elif image.mode not in ("L", "LA", "RGB", "RGBA", "F"):
        own = rgb
        if keep.pop("icc_profile", None):
            notes.append("the colour profile describes other colours than RGB and is left out")
        notes.append(f"the {image.mode} values were converted to RGB by Pillow's plain formula")
    pixels = np.asarray(own)
    return _noted(Picture(pixels.reshape(*pixels.shape[:2], -1), np.asarray(rgb), keep, stored, notes))


def from_pixels(values: np.ndarray, name: str) -> Picture:
    """The picture in an array H×W or H×W×C of uint8, uint16 or floats in [0, 1]; else a `LacunaError`."""
    with _one_sentence(name):
        if values.dtype not in _SCALE or not values.size:
            raise ValueError(f"an array of {values.dtype} values and shape {values.shape} is not a picture")
        rgb, _ = from_array(values)
    return _noted(Picture(values.reshape(*values.shape[:2], -1), np.asarray(rgb), {}, values.shape[:2]))


def _noted(picture: Picture) -> Picture:
    if picture.transparent:
        picture.notes.append("of transparent pixels the colours that are stored under them are taken for known")
    return picture


def picture_of(source, name: str | None = None) -> Picture:
    """The picture in a path, a binary stream, an image of Pillow's or an array; errors as above, with this name."""
    name = name or (str(source) if isinstance(source, str | Path) else "the image")
    if isinstance(source, Image.Image):
        with _one_sentence(name):
            return from_image(source)
    if hasattr(source, "__array__"):
        return from_pixels(np.asarray(source), name)
    if not isinstance(source, str | Path) and not hasattr(source, "read"):
        kind = type(source).__name__
        raise LacunaError(f"{name} is a {kind}, not a path, a stream, a Pillow image or an array; give one of these")
    return read_picture(source, name)


@contextmanager
def _one_sentence(name: str) -> Iterator[None]:
    """Whatever Pillow raises on a bad picture becomes a one-line error."""
    try:
        with warnings.catch_warnings():
            # the user named this very file, however large; what it has in damaged tags is noted where tags are read
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise LacunaError(f"{name} has more than {most:,} pixels, too many at once; cut it into parts") from None
    except UNREADABLE as error:
        reason = str(error) or type(error).__name__
        raise LacunaError(f"{name} cannot be read as a picture ({reason}); give another one") from None


def _loses_bits(opened: Image.Image) -> bool:
    """Whether an opened image has 16 bits a channel, of which Pillow gives 8; JPEG 2000 and AVIF do not tell."""
    if opened.mode.startswith(("I", "F")) or not isinstance(opened, ImageFile.ImageFile) or not opened.tile:
        return False
    args: Any
    codec, _, _, args = opened.tile[0]
    if codec.startswith("ppm"):  # its arguments: mode and largest value
        return args[1] > 255
    raw = args[0] if isinstance(args, tuple) and args else args
    # "BGR;16" has no letter for the order of bytes: it is 16 bits for all three together
    return codec == "SGI16" or (isinstance(raw, str) and raw.endswith((";16B", ";16L", ";16N")))


def _exif(image: Image.Image) -> dict:
    """EXIF data without orientation and without their thumbnail, which still shows what the hole covers."""
    exif = Image.Exif()
    exif.load(image.getexif().tobytes())
    of_tiff = bool({Base.StripOffsets, Base.TileOffsets} & exif.keys())
    for tag in list(exif):
        if tag not in _DESCRIPTIVE and (of_tiff or tag < Base.Copyright or tag in _LEFT_OUT):
            del exif[tag]
    return {"exif": exif.tobytes()} if len(exif) else {}
