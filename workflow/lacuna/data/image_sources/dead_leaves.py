"""Dead leaves: drawn pictures of ellipses that hide each other, as many as one likes; for tests of scale.

Where the sizes follow a power law, edges and occlusions are spread over scales as in photographs (Lee, Mumford and
Huang, "Occlusion Models for Natural Images", IJCV 2001). They say nothing about how well a system fills photographs.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from lacuna.canonical import seed_of
from lacuna.data.origins import Origin, Photographs
from lacuna.keys import key

_SMALLEST = 4.0  # pixels: radius of a leaf
_LARGEST = 0.35  # of the longer side
_COVERED = 3.0  # times the picture's area is drawn, so that a twentieth of the ground is seen


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Which pictures: two sets share those whose numbers both have."""

    number: int = key("how many there are", minimum=1, maximum=10_000_000)
    first: int = key("the number of the first one", 0, minimum=0, maximum=10_000_000)
    drawn_size: tuple[int, int] = key("width and height in pixels", (320, 280), minimum=16, maximum=4096)


def check(entry: dict, where: str) -> None:
    """Nothing can be wrong with a drawing."""


def photographs(settings: dict) -> Photographs:
    """The pictures, in the order of their numbers. Each is known by its number and size, which decide what is drawn."""
    first, size = settings.get("first") or 0, tuple(settings.get("drawn_size") or (320, 280))

    def known(number: int) -> str:
        return hashlib.sha256(f"dead leaves {number} {size}".encode()).hexdigest()

    listed = (
        Origin(f"leaves {number}", known(number), str(number), Path(__file__))
        for number in range(first, first + settings["number"])
    )
    return Photographs(listed, lambda place: (_drawn(int(place), size), False))


def _drawn(number: int, size: tuple[int, int]):
    """Ellipses from the back to the front, of one colour each."""
    import numpy as np
    from PIL import Image, ImageDraw

    rng = np.random.default_rng(seed_of("dead leaves", number))
    width, height = size
    small, large = _SMALLEST**-2, (_LARGEST * max(size)) ** -2
    # p(r) ~ r^-3: the mean of r^2 is 2 ln(largest / smallest) / (smallest^-2 - largest^-2)
    mean = np.log(small / large) / (small - large)
    n = int(_COVERED * width * height / (np.pi * mean))
    radii = (small - rng.random(n) * (small - large)) ** -0.5
    aspects = 2 ** rng.uniform(-0.5, 0.5, n)
    centres = rng.random((n, 2)) * size
    colours = rng.integers(0, 256, (n + 1, 3)).tolist()
    image = Image.new("RGB", size, tuple(colours[n]))
    draw = ImageDraw.Draw(image)
    corners = np.stack([radii * aspects, radii / aspects], axis=1)
    for box, colour in zip(np.hstack([centres - corners, centres + corners]).tolist(), colours, strict=False):
        draw.ellipse(box, fill=tuple(colour))
    return image
