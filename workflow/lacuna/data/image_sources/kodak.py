"""Kodak: 24 photographs of 768×512 pixels, scanned from film, on which image processing has long been measured."""

from dataclasses import dataclass
from pathlib import Path

from lacuna.data.cards import Card, File
from lacuna.data.image_sources import _published
from lacuna.data.image_sources._published import Copy, CopyKeys
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


def check(entry: dict, where: str) -> None:
    """A copy that is named is there."""
    _published.check(CARD, entry, where)


def downloads(entry: dict) -> list[File]:
    """The files that are needed; none where somebody names a copy."""
    return _published.needed(entry, [*CARD.files])


def files(entry: dict) -> list[Path]:
    """What decides the set, of somebody's copy."""
    return _published.files(CARD, entry, [], [])


def photographs(settings: dict) -> Photographs:
    """The photographs, in the order of their numbers. Errors: as in `_published`."""
    return Copy(CARD, settings, []).photographs(r"kodim\d\d\.png")
