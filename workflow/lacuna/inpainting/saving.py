"""Into which file formats a picture can be written, and what each of them cannot hold."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lacuna.data.decoding import UNREADABLE, from_array
from lacuna.errors import LacunaError
from lacuna.files import atomic
from lacuna.inpainting.pictures import Picture

# Suffix → Pillow's name and options. Only JPEG is lossy here; TIFF is uncompressed, as libtiff takes no EXIF folders.
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {"compress_level": 6}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"lossless": True, "exact": True}),
    ".tif": ("TIFF", {}),
    ".tiff": ("TIFF", {}),
}
_EIGHT_BIT_ONLY = ("JPEG", "WEBP")
_LONGEST_SIDE = {"JPEG": 65500, "WEBP": 16383}  # pixels
_LONGEST_EXIF = {"JPEG": 65533}  # bytes


def format_of(path: Path) -> str:
    """The suffix of a file to write, in lower case; one that is not among `FORMATS` is a `LacunaError`."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise LacunaError(f"the output {path} has no suffix that is known here; end it with {', '.join(FORMATS)}")
    return suffix


def writable(path: Path) -> str:
    """The suffix of a picture's file if a result can be written so, else `.png`."""
    return path.suffix if path.suffix.lower() in FORMATS else ".png"


def fitted(picture: Picture, suffix: str, name: str) -> Picture:
    """The picture as the format can hold it, with a note on what changes; `LacunaError` if it would be spoilt."""
    kind, _ = FORMATS[suffix]
    pixels, notes, keep = picture.pixels, list(picture.notes), dict(picture.keep)
    if max(picture.size) > _LONGEST_SIDE.get(kind, max(picture.size)):
        raise LacunaError(
            f"{name} has {max(picture.size)} pixels on its longer side, too many for {kind}; write a .png"
        )
    if len(keep.get("exif", b"")) > _LONGEST_EXIF.get(kind, len(keep.get("exif", b""))):
        del keep["exif"]
        notes.append(f"the EXIF data are longer than {kind} can hold and are left out")
    if kind == "JPEG":
        if picture.transparent:
            raise LacunaError(f"{name} has transparent pixels, which JPEG cannot hold; name a .png or .webp output")
        pixels = pixels[..., : {2: 1, 4: 3}.get(pixels.shape[2])]
        notes.append("JPEG is lossy, so pixels outside the hole change a little; name a .png output to keep them")
    if (pixels.dtype != np.uint8 and kind in _EIGHT_BIT_ONLY) or (pixels.dtype == np.float32 and kind == "PNG"):
        pixels = np.asarray(from_array(pixels)[0].convert("L"))[..., None]
        notes.append(f"{name} has more than 8 bits, which {kind} cannot hold; the result has 8")
    return Picture(pixels, picture.rgb, keep, picture.stored_size, notes)


def encoded(picture: Picture, suffix: str, name: str = "the result") -> bytes:
    """The bytes of the file. The picture has been through `fitted`; what Pillow then refuses is a `LacunaError`."""
    kind, options = FORMATS[suffix]
    image, stream = picture.as_image(), io.BytesIO()
    try:
        image.save(stream, kind, **options, **picture.keep)
    except UNREADABLE as error:  # what the picture carries is a stranger's, and may be more than the format can hold
        reason = str(error) or type(error).__name__
        raise LacunaError(f"{name} cannot be written as {kind} ({reason}); choose another format") from None
    return stream.getvalue()


def write(picture: Picture, path: Path) -> None:
    """Write a whole file or none; one that cannot be written is a `LacunaError`."""
    content = encoded(picture, format_of(path), str(path))
    try:
        with atomic(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise LacunaError(f"{path} cannot be written ({error.strerror}); name another output") from None


def written(image: Image.Image, path: Path) -> None:
    """Write an image of Pillow's that carries nothing, as `write` does."""
    values = np.asarray(image)
    write(Picture(values, values, {}, values.shape[:2]), path)
