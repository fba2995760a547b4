"""DIV2K: 900 photographs of high quality, 800 to learn from and 100 to validate with."""

from dataclasses import dataclass

from lacuna.data.cards import Card, File
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs
from lacuna.keys import key

_URL = "http://data.vision.ee.ethz.ch/cvl/DIV2K/"
CARD = Card(
    name="div2k",
    title="DIV2K, high resolution",
    page="https://data.vision.ee.ethz.ch/cvl/DIV2K/",
    paper="Agustsson and Timofte, NTIRE 2017 Challenge on Single Image Super-Resolution, CVPR workshops 2017",
    licence="the photographs belong to whoever took them",
    terms="academic research only",
    publish="scores, and single pictures as a paper shows examples",
    processed="as they were collected, the longer side about 2,040 pixels, PNG",
    n=900,
    files=tuple(File(name=f"DIV2K_{part}_HR.zip", urls=(f"{_URL}DIV2K_{part}_HR.zip",)) for part in ("train", "valid")),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """Which part of DIV2K."""

    split: str = key("the official part", "valid", choices=("train", "valid"))


def photographs(settings: dict) -> Photographs:
    """The photographs of the part, in the order of their numbers. Errors: as in `_published`."""
    layout = rf"DIV2K_{settings.get('split') or 'valid'}_HR/\d{{4}}\.png"
    return Copy(CARD, settings, _archive(settings)).photographs(layout)


def _archive(entry: dict) -> list[str]:
    return [f"DIV2K_{entry.get('split') or 'valid'}_HR.zip"]


check, downloads, files = copied(CARD, _archive)
