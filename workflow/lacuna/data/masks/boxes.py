"""Rectangles, the oldest masks (Pathak et al., "Context Encoders", 2016)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np

_MOST_BOXES = 1000


@dataclass(frozen=True)
class Options:
    """How the rectangles look."""

    number: int = key(
        "boxes that share the covered area; more are added where they overlap", 1, minimum=1, maximum=_MOST_BOXES
    )
    aspect: float = key(
        "width over height is between 1/aspect and aspect, log-uniform, as far as the image has room",
        2.0,
        minimum=1,
        maximum=1000,
    )

    def __post_init__(self):
        verify(self, "boxes")


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) of boxes with `fewest` to `most` hole pixels; `size` is (width, height).

    None where no such mask was found.
    """
    import cv2
    import numpy as np

    target = int(rng.integers(fewest, most + 1))
    mask = np.zeros(size[::-1], np.uint8)
    covered = 0
    for i in range(_MOST_BOXES):
        area = (target - covered) / max(1, options.number - i)
        ratio = options.aspect ** rng.uniform(-1, 1)
        width = int(np.clip(round((area * ratio) ** 0.5), 1, size[0]))
        height = int(np.clip(round(area / width), 1, size[1]))
        width = min(size[0], max(width, round(area / height)))  # where the image was too low for the ratio
        if width * height > most - covered:
            height -= 1
        left, top = rng.integers(size[0] - width + 1), rng.integers(size[1] - height + 1)
        mask[top : top + height, left : left + width] = 255
        covered = cv2.countNonZero(mask)
        if covered >= target or (covered >= fewest and i + 1 >= options.number):
            return mask
    return None
