"""CMP Facades: 606 pictures of facades, rectified, with annotations beside them that are passed over."""

from dataclasses import dataclass

from lacuna.data.cards import UNKNOWN, Card, File
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs
from lacuna.keys import key

_URL = "https://cmp.felk.cvut.cz/~tylecr1/facade/"
_ARCHIVES = {part: f"CMP_facade_DB_{part}.zip" for part in ("base", "extended")}
CARD = Card(
    name="cmp_facades",
    title="CMP Facade Database",
    page=_URL,
    paper="Tylecek and Sara, Spatial Pattern Templates for Recognition of Objects with Regular Structure, GCPR 2013",
    licence=UNKNOWN,
    terms="not stated by its authors: for research, and ask them for anything else",
    publish="scores, and single pictures as a paper shows examples",
    processed="rectified by vanishing points and cropped to the facade; JPEG, with annotations of the same name as PNG",
    n=606,
    files=tuple(File(name=name, urls=(_URL + name,)) for name in _ARCHIVES.values()),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """Which part of CMP Facades."""

    part: str = key("`base` (378 pictures), `extended` (228), or `both`", "both", choices=("base", "extended", "both"))


def photographs(settings: dict) -> Photographs:
    """The facades of the parts asked for, in their order. Errors: as in `_published`."""
    letters = {"base": "b", "extended": "x"}.get(settings.get("part") or "both", "bx")
    return Copy(CARD, settings, _archives(settings)).photographs(rf"cmp_[{letters}]\d{{4}}\.jpg")


def _archives(entry: dict) -> list[str]:
    part = entry.get("part") or "both"
    return list(_ARCHIVES.values()) if part == "both" else [_ARCHIVES[part]]


check, downloads, files = copied(CARD, _archives)
