"""Photographs of packages with an object pasted on, or the same without it: what is under the object is known"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.data.image_sources import package
from lacuna.data.origins import Photographs
from lacuna.data.pasting import PastingKeys
from lacuna.keys import key

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, kw_only=True)
class Keys(PastingKeys):
    """What is pasted on what, and what is seen of it."""

    shows: str = key(
        "`object`: the background with the object; `background`: without it, as the truth of the former",
        "object",
        choices=("object", "background"),
    )
    crop: str = key("the pictures are made in the run's size", "center", choices=("center",))


def check(entry: dict, where: str) -> None:
    """Every package of a background is installed and holds the file."""
    package.check(entry, where)


def photographs(settings: dict) -> Photographs:
    """One picture of each background, known by the background's content: it is the photograph that scores are about."""
    from PIL import Image

    from lacuna.data.pasting import Pasting

    pasting = Pasting(settings)
    layer = "background" if settings.get("shows") == "background" else "picture"

    def read(name: str) -> "tuple[Image.Image, bool]":
        return Image.fromarray(getattr(pasting.make(name), layer)), False

    return Photographs(pasting.origins(), read)
