"""The pictures that a program wrote: paired by stem and a pattern, of the picture's size, in a format that loses
nothing."""

from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.cells import spelt
from lacuna.data.decoding import UNREADABLE, stored_size
from lacuna.data.formats import FORMATS
from lacuna.data.images import read_image
from lacuna.data.stems import nearest, some
from lacuna.errors import LacunaError

LOSSLESS = ("PNG", "BMP", "PPM", "TIFF")
_LISTED = 10_000  # names of a folder that are looked at for a sentence


def output_of(folder: Path, pattern: str, stem: str, size: tuple[int, int]) -> np.ndarray:
    """A program's picture, uint8 H×W×3. size: (height, width). Errors: a `LacunaError` that begins with a verb."""
    path = folder / pattern.replace("{stem}", stem)
    if not path.resolve().is_relative_to(folder.resolve()) or path.is_symlink():
        raise LacunaError(f"wrote {path.name}, which leads out of its folder; write files, no links")
    if path.exists() and not path.is_file():
        raise LacunaError(f"wrote {path.name} as something else than a file; have it write PNG")
    if not path.is_file():
        raise LacunaError(_missing(folder, path, pattern))
    try:
        with Image.open(path, formats=FORMATS) as opened:
            kind, (width, height) = opened.format, stored_size(opened)
            squeezed = opened.info.get("compression") == "jpeg"
    except UNREADABLE:
        raise LacunaError(f"wrote {path.name}, which cannot be read as a picture; have it write PNG") from None
    if kind not in LOSSLESS or squeezed:
        raise LacunaError(
            f"wrote {path.name} as {'JPEG in ' * squeezed}{kind}, which loses what is scored; have it write PNG"
        )
    if (height, width) != size:
        raise LacunaError(
            f"wrote {path.name} of {width}×{height} pixels for a picture of {size[1]}×{size[0]}; predictions are "
            "compared pixel by pixel, so have it keep the size"
        )
    return read_image(path)


def _missing(folder: Path, path: Path, pattern: str) -> str:
    there = []
    for each in folder.rglob("*"):
        there += [each.relative_to(folder).as_posix()] * (not each.is_dir())
        if len(there) >= _LISTED:
            break
    if not there:
        return f"wrote no {path.name}: its folder of predictions is empty"
    wanted = path.relative_to(folder)
    twins = [name for name in there if Path(name).with_suffix("") == wanted.with_suffix("")]
    if twins and Path(twins[0]).suffix.lower() in (".jpg", ".jpeg", ".webp"):
        return f"wrote {twins[0]}, which loses what is scored, in place of {path.name}; have it write PNG"
    names = sorted(there)
    return (
        f"wrote no {path.name}, which 'outputs: {spelt(pattern)}' asks for; its folder holds {some(names)}"
        f"{nearest(path.name, names)}"
    )
