"""Photographs with an object pasted on: what a picture with the object, the one without it and the mask share.

The background is the truth that a completion is scored against. Objects cast no shadows and no reflections, so nothing
outside the mask tells of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lacuna.canonical import canonical_json, digest, seed_of
from lacuna.data.cutouts import CUTOUTS, cut_out
from lacuna.data.image_sources.package import photographs_of_packages
from lacuna.data.origins import Origin
from lacuna.data.packages import FORM, SPEC
from lacuna.data.sizes import width_and_height
from lacuna.errors import LacunaError
from lacuna.keys import entries, filled, key

if TYPE_CHECKING:
    import numpy as np

_OF_BACKGROUND = (0.6, 1.0)  # side of the crop, relative to the largest that fits


@dataclass(frozen=True, kw_only=True)
class PastingKeys:
    """What is pasted on what. Pictures with and without the objects and their masks agree where these keys do."""

    images: list[str] = key(
        "the backgrounds, as of kind `package`; each makes one picture", least=1, form=(SPEC.pattern, FORM)
    )
    cutouts: list[str] = key(
        "which objects are pasted; none on the photograph that it was cut from",
        [],
        choices=lambda: tuple(CUTOUTS),
        shown="all",
    )
    scale: tuple[float, float] = key(
        "an object's longer side relative to the picture's shorter one", (0.25, 0.5), above=0, maximum=1, widening=True
    )
    margin: int = key("pixels by which the mask is larger than the object", 2, minimum=0, maximum=100)


class Pasted(NamedTuple):
    """One background with an object on it."""

    picture: "np.ndarray"
    """With the object: uint8 H×W×3."""
    background: "np.ndarray"
    """Without it: the same wherever the mask is 0."""
    mask: "np.ndarray"
    """uint8 H×W, 255 where the object is or may shine through, and a margin around."""


class Pasting:
    """The pictures of a set: one of each background. settings: of the set, with `image_size` and `seed`."""

    def __init__(self, settings: dict):
        self.size = width_and_height(settings["image_size"])
        self.seed = settings["seed"]
        asked = filled({name: settings[name] for name in entries(PastingKeys) if name in settings}, PastingKeys)
        self.names = list(asked["cutouts"] or CUTOUTS)
        self.scale, self.margin = tuple(asked["scale"]), asked["margin"]
        photographs = photographs_of_packages(settings["images"])
        self._read = photographs.read
        backgrounds = {origin.sha256: origin for origin in photographs.origins()}
        same = (self.size, self.seed, self.names, self.scale, self.margin)
        # in the name, so that pictures, truths and masks of other settings do not find each other
        self.known = digest(canonical_json(same))[:8]
        self.backgrounds = {self._name(origin): origin for origin in backgrounds.values()}

    def _name(self, origin: Origin) -> str:
        """Without dots, behind which a stem would end."""
        return f"pasted-{self.known}/{origin.name.replace('.', '_')}"

    def origins(self) -> Iterator[Origin]:
        """Each background under the name of its picture, and known by its content: crops of it are of one picture."""
        for name, origin in self.backgrounds.items():
            yield Origin(name, origin.sha256, name, origin.path)

    def make(self, name: str) -> Pasted:
        """The picture of this name. Errors: a `LacunaError` where every object was cut from the background itself."""
        import numpy as np
        from PIL import Image

        from lacuna.data.crops import random_crop

        origin = self.backgrounds[name]
        rng = np.random.default_rng(seed_of("pasted", self.seed, origin.sha256))
        photograph, _ = self._read(origin.place)
        crop = random_crop(photograph.size, self.size, _OF_BACKGROUND, rng)
        box = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
        background = np.asarray(photograph.resize(self.size, Image.Resampling.LANCZOS, box=box))
        object_, (left, top) = self._placed(self._choice(origin, rng), rng)
        height, width = object_.shape[:2]
        place = (slice(top, top + height), slice(left, left + width))
        picture, mask = background.astype(float), np.zeros(background.shape[:2], np.uint8)
        alpha = object_[..., 3:] / 255
        picture[place] = picture[place] * (1 - alpha) + object_[..., :3]
        mask[place] = np.where(object_[..., 3] > 0, 255, 0)
        return Pasted(np.rint(picture).clip(0, 255).astype(np.uint8), background, self._widened(mask))

    def _choice(self, origin: Origin, rng: "np.random.Generator") -> str:
        others = [name for name in self.names if CUTOUTS[name].sha256 != origin.sha256]
        if not others:
            raise LacunaError(f"every object to be pasted on {origin.name} was cut from it; name another cutout")
        return others[int(rng.integers(len(others)))]

    def _placed(self, name: str, rng: "np.random.Generator") -> "tuple[np.ndarray, tuple[int, int]]":
        """An object in its size, its colours multiplied by alpha (uint8 h×w×4), and its left and upper end."""
        import numpy as np
        from PIL import Image, ImageOps

        object_ = cut_out(name)
        factor = rng.uniform(*self.scale) * min(self.size) / max(object_.size)
        width, height = (max(1, int(side * factor)) for side in object_.size)
        if rng.random() < 0.5:
            object_ = ImageOps.mirror(object_)
        scaled = object_.convert("RGBa").resize((width, height), Image.Resampling.BILINEAR)
        left, top = int(rng.integers(self.size[0] - width + 1)), int(rng.integers(self.size[1] - height + 1))
        return np.asarray(scaled), (left, top)

    def _widened(self, mask: "np.ndarray") -> "np.ndarray":
        import cv2

        if not self.margin:
            return mask
        side = 2 * self.margin + 1
        return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
