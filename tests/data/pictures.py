"""Pictures that the tests of this room make for themselves."""

import struct
import zlib
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


def png(values: np.ndarray, bits: int, transparent: tuple[int, ...]) -> bytes:
    """A PNG with `bits` a channel of grey (H×W) or RGB (H×W×3) values, and its transparent value in those bits."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width = values.shape[:2]
    single = (values.reshape(height, -1, 1) >> np.arange(bits)[::-1] & 1).astype(np.uint8)
    rows = np.packbits(single.reshape(height, -1), axis=1)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, bits, 0 if values.ndim == 2 else 2, 0, 0, 0),
        b"tRNS": struct.pack(f">{len(transparent)}H", *transparent),
        b"IDAT": zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows)),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, content) for kind, content in chunks.items())


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
