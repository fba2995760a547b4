"""Pictures inside a page that stands alone."""

import base64
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from lacuna.data.decoding import UNREADABLE
from lacuna.errors import LacunaError

LOSSLESS = 400 * 2**10  # a picture above this many bytes is embedded as WebP
WIDEST = 1800  # pixels of an embedded WebP


@dataclass(frozen=True)
class Picture:
    """A picture with its caption; `source` is a data URI, `width` in CSS pixels."""

    source: str
    width: int
    alt: str
    caption: str
    pixelated: bool = False


def width_of(path: Path) -> int:
    """CSS pixels at which a drawn figure has its nominal size on paper, or at which small pixels can be seen."""
    if path.suffix == ".svg":
        points = re.search(rb'width="([\d.]+)pt"', path.read_bytes())
        if not points:
            raise LacunaError(f"{path} is not a figure that was drawn here; run the rule that makes it again")
        return round(float(points[1]) * 96 / 72)
    with _opened(path) as picture:
        density = picture.info.get("dpi", (0, 0))[0]
        return round(picture.width * 96 / density) if density else max(544, picture.width)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            picture.load()
            yield picture
    except UNREADABLE as error:
        raise LacunaError(f"{path} cannot be read ({error}); run the rule that makes it again") from None


def thumbnail(path: Path, side: int = 128) -> str:
    """A small picture of a stored one, as a data URI."""
    with _opened(path) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=88)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"


def embedded(path: Path) -> str:
    """The picture as a data URI; a large PNG becomes a WebP. A missing file is a `LacunaError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LacunaError(f"{path} cannot be read ({error.strerror}); run the rule that makes it first") from None
    kind = "svg+xml" if path.suffix == ".svg" else "png"
    if kind == "png" and len(data) > LOSSLESS:
        with _opened(path) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((WIDEST, 100 * WIDEST), Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        picture.save(stream, "WEBP", quality=88, method=6)
        data, kind = stream.getvalue(), "webp"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
