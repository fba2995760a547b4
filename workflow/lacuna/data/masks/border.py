"""Outpainting: the hole lies at one side of the picture or all around what is known."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.keys import key, verify

if TYPE_CHECKING:
    import numpy as np

SIDES = ("left", "right", "top", "bottom")


@dataclass(frozen=True)
class Options:
    """Where the hole lies."""

    side: str = key(
        "`all`: around a window of the picture's shape; `any`: a strip at one side, by chance; or a strip at that side",
        "all",
        choices=("all", "any", *SIDES),
    )
    window: str = key(
        "where the known window of `all` lies: anywhere (`random`), or in the `center`",
        "random",
        choices=("random", "center"),
    )

    def __post_init__(self):
        verify(self, "border")


def draw(
    rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int, options: Options
) -> "np.ndarray | None":
    """A mask (uint8 H×W, 255 = hole) at the border with `fewest` to `most` hole pixels; `size` is (width, height).

    How much is covered is uniform in that range, up to whole rows and columns. None where these do not fit into it.
    """
    import numpy as np

    mask = np.full(size[::-1], 255, np.uint8)
    if options.side == "all":
        known = _window(rng, size, fewest, most)
        if known is None:
            return None
        room = [side - kept for side, kept in zip(size, known, strict=True)]
        left, top = (each // 2 if options.window == "center" else int(rng.integers(each + 1)) for each in room)
        mask[top : top + known[1], left : left + known[0]] = 0
        return mask
    side = str(rng.choice(SIDES)) if options.side == "any" else options.side
    turned = mask.T if side in ("left", "right") else mask  # the strip is made of the first axis' lines
    thinnest, thickest = -(-fewest // turned.shape[1]), most // turned.shape[1]
    if thinnest > thickest:
        return None
    thick = int(rng.integers(thinnest, thickest + 1))
    turned[slice(thick, None) if side in ("left", "top") else slice(0, len(turned) - thick)] = 0
    return mask


def _window(rng: "np.random.Generator", size: tuple[int, int], fewest: int, most: int) -> tuple[int, int] | None:
    """Width and height of a window that leaves `fewest` to `most` pixels: as near to the image's shape as it can be."""
    total = size[0] * size[1]
    known = total - int(rng.integers(fewest, most + 1))
    wanted = size[0] * (known / total) ** 0.5
    for width in sorted(range(1, size[0] + 1), key=lambda each: abs(each - wanted)):
        height = min(size[1], max(1, round(known / width)))
        if fewest <= total - width * height <= most:
            return width, height
    return None
