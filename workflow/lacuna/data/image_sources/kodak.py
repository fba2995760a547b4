"""Kodak: 24 photographs of 768×512 pixels, scanned from film, on which image processing has long been measured."""

from dataclasses import dataclass

from lacuna.data.cards import Card, File
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs

_URL = "http://r0k.us/graphics/kodak/kodak/"
CARD = Card(
    name="kodak",
    title="Kodak's 24 photographs",
    page="http://r0k.us/graphics/kodak/",
    paper="Kodak Lossless True Color Image Suite, Photo CD PCD0992, 1991",
    licence="released by Kodak for unrestricted use",
    terms="none",
    publish="pictures and scores",
    processed="scanned from film, 768x512 or 512x768 pixels, PNG",
    n=24,
    files=tuple(File(name=f"kodim{number:02d}.png", urls=(f"{_URL}kodim{number:02d}.png",)) for number in range(1, 25)),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """There is one part."""


def photographs(settings: dict) -> Photographs:
    """The photographs, in the order of their numbers. Errors: as in `_published`."""
    return Copy(CARD, settings, []).photographs(r"kodim\d\d\.png")


check, downloads, files = copied(CARD, lambda entry: [], fetched=lambda entry: [file.name for file in CARD.files])
