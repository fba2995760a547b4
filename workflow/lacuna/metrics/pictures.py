"""Path lists and 8-bit pictures as numpy arrays, without torch: what scores and figures read."""

from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.errors import LacunaError


def read_pairs(path: str | Path) -> list[tuple[str, str]]:
    """The (image, mask) paths of a list of `image<TAB>mask` lines; an empty or broken list is a `LacunaError`."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError as error:
        raise LacunaError(f"{path} cannot be read ({error.strerror}); make the list first.") from None
    pairs = []
    for number, line in enumerate(lines, start=1):
        parts = line.split("\t")
        if len(parts) != 2 or not all(parts):
            raise LacunaError(f"line {number} of {path} is not 'image<TAB>mask'; write one pair on each line.")
        pairs.append((parts[0], parts[1]))
    if not pairs:
        raise LacunaError(f"{path} holds no pairs; list at least one image and its mask.")
    return pairs


def _read(path: str | Path, mode: str) -> np.ndarray:
    try:
        with Image.open(path) as picture:
            if picture.mode not in {"1", "L", "P", "RGB"}:
                raise LacunaError(f"{path} has the mode {picture.mode}, not 8 bits a channel; save it as 8-bit PNG.")
            return np.asarray(picture.convert(mode))
    except FileNotFoundError:
        raise LacunaError(f"{path} does not exist; run the rule that makes it first.") from None
    except OSError as error:
        raise LacunaError(f"{path} cannot be read as a picture ({error}); make it again.") from None


def read_picture(path: str | Path) -> np.ndarray:
    """uint8 H×W×3, RGB."""
    return _read(path, "RGB")


def read_mask(path: str | Path) -> np.ndarray:
    """bool H×W, true = hole; a mask with other values than 0 and 255 is a `LacunaError`."""
    mask = _read(path, "L")
    if not np.isin(mask, (0, 255)).all():
        raise LacunaError(f"{path} has values other than 0 and 255; make the mask set again, 255 = hole.")
    return mask == 255
