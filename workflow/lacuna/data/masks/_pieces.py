"""Masks that are put together from pieces: shapes at random places, until enough is covered."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lacuna.keys import key

if TYPE_CHECKING:
    import numpy as np

MOST_PIECES = 5000
_SMALLER = 0.7  # what the next piece's area is multiplied by where one covered too much


def shared_by(pieces: str) -> Any:
    """The key `number` of a kind of masks; pieces: what it is put together from."""
    said = f"{pieces} that share the covered area; more are added where they overlap or have no room"
    return key(said, 1, minimum=1, maximum=1000)


def put_together(
    rng: "np.random.Generator",
    size: tuple[int, int],
    fewest: int,
    most: int,
    number: int,
    piece: "Callable[[float], np.ndarray]",
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) of pieces with `fewest` to `most` hole pixels; `size` is (width, height).

    A number of pixels is drawn from that range, and `number` pieces share it; more are added where they overlap or are
    smaller than was asked of them. With a `number` of 0 they are added until it is reached. `piece(area)` makes one of
    about `area` pixels: uint8 h×w, 255 = hole, not larger than the image. A piece that would cover too much is left
    out, and those after it are smaller.
    None where no such mask was found.
    """
    import cv2
    import numpy as np

    target = int(rng.integers(fewest, most + 1))
    mask = np.zeros(size[::-1], np.uint8)
    covered, placed, scale = 0, 0, 1.0
    for _ in range(MOST_PIECES):
        part = piece(max(1.0, scale * (target - covered) / max(1, number - placed)))
        height, width = part.shape
        left, top = (int(rng.integers(room + 1)) for room in (size[0] - width, size[1] - height))
        place = mask[top : top + height, left : left + width]
        more = cv2.countNonZero(part & ~place)
        if covered + more > most:
            scale *= _SMALLER
            continue
        place |= part
        covered, placed = covered + more, placed + 1
        if covered >= target or (covered >= fewest and 0 < number <= placed):
            return mask
    return None
