"""LFW, Labeled Faces in the Wild: 13,233 photographs of faces at 250×250 pixels."""

from dataclasses import dataclass

from lacuna.data.cards import Card, File
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs
from lacuna.keys import key

_VIS = "http://vis-www.cs.umass.edu/lfw/"
_ARCHIVES = {"original": "lfw.tgz", "funneled": "lfw-funneled.tgz"}
CARD = Card(
    name="lfw",
    title="Labeled Faces in the Wild",
    page=_VIS,
    paper="Huang et al., Labeled Faces in the Wild, University of Massachusetts, technical report 07-49, 2007",
    licence="not stated by its authors; the photographs are those of news agencies",
    terms="research; its authors warn against conclusions about how well commercial systems know faces",
    publish="scores, and single faces as a paper shows examples",
    processed="faces that a detector found, cropped and resized to 250x250 pixels; funneled: aligned besides",
    n=13_233,
    files=(  # mirrors and SHA-256 as scikit-learn 1.9 states them
        File(
            name="lfw.tgz",
            urls=("https://ndownloader.figshare.com/files/5976018", f"{_VIS}lfw.tgz"),
            checksum="055f7d9c632d7370e6fb4afc7468d40f970c34a80d4c6f50ffec63f5a8d536c0",
        ),
        File(
            name="lfw-funneled.tgz",
            urls=("https://ndownloader.figshare.com/files/5976015", f"{_VIS}lfw-funneled.tgz"),
            checksum="b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """Which version of LFW."""

    version: str = key("`funneled`: the faces aligned", "original", choices=tuple(_ARCHIVES))


def photographs(settings: dict) -> Photographs:
    """The faces, in the order of the people's names. Errors: as in `_published`."""
    return Copy(CARD, settings, _archive(settings)).photographs(r"(?P<who>[^/]+)/(?P=who)_\d{4}\.jpg")


def _archive(entry: dict) -> list[str]:
    return [_ARCHIVES[entry.get("version") or "original"]]


check, downloads, files = copied(CARD, _archive)
