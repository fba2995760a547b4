"""Pictures that the tests of this room make for themselves."""

from pathlib import Path

import numpy as np
from PIL import Image


def asymmetric(width: int = 40, height: int = 24) -> np.ndarray:
    """uint8 H×W×3 whose four quarters differ: red, green / blue, grey."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = 200, 30, 30
    picture[: height // 2, width // 2 :] = 30, 180, 30
    picture[height // 2 :, : width // 2] = 30, 30, 220
    picture[height // 2 :, width // 2 :] = 90, 90, 90
    return picture


def photographs(folder: Path, number: int, size: tuple[int, int] = (40, 24)) -> Path:
    """A folder of `number` different noise pictures of `size` (width, height), in two subfolders."""
    for i in range(number):
        path = folder / ("a" if i % 2 else "b") / f"photo_{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(i).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    """Name → bytes of every file in a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
