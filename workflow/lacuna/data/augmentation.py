"""What happens to pictures and masks in training beyond flips: crops, colours, turned and grown holes.

Every picture of every step has random numbers of its own, drawn from the training's seed, the step and the picture's
place in the batch: a training that was interrupted goes on with what it would have seen.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.keys import key

if TYPE_CHECKING:  # plans read the keys, and have neither
    import numpy as np
    from PIL import Image


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How strongly; each default leaves things as they are. Colours and crops are of pictures, the rest of masks."""

    crop: tuple[float, float] = key(
        "share of the picture's area that a random crop of its shape has, resized to the picture's size",
        (1.0, 1.0),
        above=0,
        maximum=1,
        widening=True,
    )
    colour: float = key(
        "brightness, contrast and saturation change by factors of 1 ± this at most, the hue by that part of a turn",
        0.0,
        minimum=0,
        maximum=0.5,
    )
    mask_turn: tuple[float, float] = key(
        "degrees counter-clockwise by which a mask is turned about its middle; what comes from outside is valid",
        (0.0, 0.0),
        minimum=-180,
        maximum=180,
        widening=True,
    )
    mask_crop: tuple[float, float] = key(
        "as `crop`, of a mask, by nearest neighbours", (1.0, 1.0), above=0, maximum=1, widening=True
    )
    mask_grow: tuple[int, int] = key(
        "pixels by which holes grow, a square around every pixel of them",
        (0, 0),
        minimum=0,
        maximum=1000,
        widening=True,
    )
    mask_grow_share: float = key("share of the masks that grow", 1.0, minimum=0, maximum=1)

    def __post_init__(self):
        for name in ("crop", "mask_turn", "mask_crop", "mask_grow"):  # JSON has lists
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def picture(self, values: "np.ndarray", rng: "np.random.Generator") -> "np.ndarray":
        """The picture, uint8 H×W×3, cut and coloured."""
        import numpy as np
        from PIL import Image

        if self.crop == (1.0, 1.0) and not self.colour:
            return values
        image = Image.fromarray(np.ascontiguousarray(values))
        if self.crop != (1.0, 1.0):
            image = image.resize(image.size, Image.Resampling.BILINEAR, box=_box(image.size, self.crop, rng))
        if self.colour:
            image = _coloured(image, self.colour, rng)
        return np.asarray(image)

    def mask(self, hole: "np.ndarray", rng: "np.random.Generator") -> "np.ndarray":
        """The mask, bool H×W (True = hole), turned, cut and grown; as it was where no hole or nothing else is left."""
        import numpy as np
        from PIL import Image, ImageFilter

        image = Image.fromarray(np.ascontiguousarray(hole).astype(np.uint8) * 255)
        if self.mask_turn != (0.0, 0.0):
            image = image.rotate(rng.uniform(*self.mask_turn), Image.Resampling.NEAREST)
        if self.mask_crop != (1.0, 1.0):
            image = image.resize(image.size, Image.Resampling.NEAREST, box=_box(image.size, self.mask_crop, rng))
        if self.mask_grow != (0, 0) and rng.random() < self.mask_grow_share:
            image = image.filter(ImageFilter.MaxFilter(2 * int(rng.integers(*self.mask_grow, endpoint=True)) + 1))
        made = np.asarray(image) >= 128
        return made if made.any() and not made.all() else hole


Box = tuple[float, float, float, float]


def _box(size: tuple[int, int], areas: tuple[float, float], rng: "np.random.Generator") -> Box:
    """Left, top, right, bottom of a crop of the picture's shape, anywhere in it."""
    side = rng.uniform(*areas) ** 0.5
    width, height = (side * each for each in size)
    left, top = rng.uniform(0, size[0] - width), rng.uniform(0, size[1] - height)
    return left, top, left + width, top + height


def _coloured(image: "Image.Image", strength: float, rng: "np.random.Generator") -> "Image.Image":
    import numpy as np
    from PIL import Image, ImageEnhance

    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(1 - strength, 1 + strength))
    hue, saturation, value = image.convert("HSV").split()
    turned = (np.asarray(hue).astype(int) + round(255 * rng.uniform(-strength, strength))) % 256
    return Image.merge("HSV", (Image.fromarray(turned.astype(np.uint8)), saturation, value)).convert("RGB")
