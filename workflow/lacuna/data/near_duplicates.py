"""Pictures of training that look like pictures of a test, though no byte is the same: saved anew, resized, mirrored.

Each picture becomes 64 bits, whether the low frequencies of its cosine transform are above their median (the package
ImageHash); two pictures are near where few of these bits differ and, as small grey pictures, they rise and fall
together: of a picture with little in it the bits alone say too little, and the sky above one photograph has those of
the ground in another.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np

from lacuna.data.decoding import open_picture
from lacuna.data.indexes import read_index

LIMIT = 6  # of 64 bits that may differ
CORRELATION = 0.9  # of the small grey pictures, at least; pictures saved anew or resized have 0.98 and more
_SIDE = 32  # pixels of a small grey picture
MOST_NAMED = 100
_AT_ONCE = 1024  # pictures of either side that are compared at once: 8 MB


def near_duplicates(training: Sequence[Path], evaluation: Sequence[Path], threads: int = 1) -> dict:
    """Compare the images of sets, given by their indexes: `{limit, correlation, number, pairs}`.

    A pair is `{training, evaluation, image, other, origin, other_origin, distance, mirrored}`: the two sets by name,
    the stored images and the photographs they are of, and how many bits differ; the nearest images stand for two
    photographs, the nearest pairs first, `MOST_NAMED` of them. `number` counts all.
    """
    found: dict[tuple, dict] = {}
    against = list(_hashed(evaluation, threads, mirrored=True))
    for one, hashes in _hashed(training, threads, mirrored=False):
        for other, tested in against:
            for mirrored in (False, True):
                for i, k, distance in _near(hashes, tested[:, int(mirrored)]):
                    mine, its = one[i], other[k]
                    pair = (mine["origin_sha256"], its["origin_sha256"])
                    nearer = pair not in found or distance < found[pair]["distance"]
                    if nearer and _correlation(mine["path"], its["path"], mirrored) >= CORRELATION:
                        found[pair] = {
                            "training": mine["set"],
                            "evaluation": its["set"],
                            "image": mine["path"],
                            "other": its["path"],
                            "origin": mine["origin"],
                            "other_origin": its["origin"],
                            "distance": distance,
                            "mirrored": mirrored,
                        }
    nearest = sorted(found.values(), key=lambda pair: (pair["distance"], pair["image"], pair["other"]))
    return {"limit": LIMIT, "correlation": CORRELATION, "number": len(nearest), "pairs": nearest[:MOST_NAMED]}


def _hashed(indexes: Sequence[Path], threads: int, mirrored: bool) -> Iterator[tuple[list[dict], np.ndarray]]:
    """The rows of each index with `set` and `path`, and the hashes, N or, with those of mirrored images, N×2."""
    for index in indexes:
        rows = read_index(index, "file", "origin", "origin_sha256")
        for row in rows:
            row |= {"set": index.parent.name, "path": (index.parent / row["file"]).as_posix()}
        with ThreadPoolExecutor(threads) as pool:
            hashes = list(pool.map(lambda row: _hashes(row["path"], mirrored), rows))
        yield rows, np.array(hashes, dtype=np.uint64)


def _hashes(path: str, mirrored: bool):
    from PIL import ImageOps

    with open_picture(path) as opened:
        image = opened.convert("L")
    return [_hash(image), _hash(ImageOps.mirror(image))] if mirrored else _hash(image)


def _hash(image) -> int:
    import imagehash

    return int.from_bytes(np.packbits(imagehash.phash(image).hash).tobytes(), "big")


def _correlation(path: str, other: str, mirrored: bool) -> float:
    """Pearson's, of two small grey pictures, of which the second may be mirrored; of a flat one 0."""
    one, two = _small(path), _small(other)[:, :: -1 if mirrored else 1]
    one, two = one - one.mean(), two - two.mean()
    norm = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float((one * two).sum()) / norm if norm else 0.0


@lru_cache(4096)
def _small(path: str) -> np.ndarray:
    from PIL import Image

    with open_picture(path) as opened:
        return np.asarray(opened.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX), float)


def _near(hashes: np.ndarray, others: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(i, k, bits that differ) of all pairs within the limit."""
    for left in range(0, len(hashes), _AT_ONCE):
        for right in range(0, len(others), _AT_ONCE):
            some = hashes[left : left + _AT_ONCE, None] ^ others[None, right : right + _AT_ONCE]
            differing = np.bitwise_count(some)
            for i, k in np.argwhere(differing <= LIMIT):
                yield int(i) + left, int(k) + right, int(differing[i, k])
