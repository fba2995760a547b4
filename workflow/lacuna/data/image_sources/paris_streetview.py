"""Paris StreetView: 14,900 and 100 photographs of buildings in Paris, by the folders of its distribution."""

from dataclasses import dataclass

from lacuna.data.cards import UNKNOWN, Card, File
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs
from lacuna.keys import key

_PAGE = "https://github.com/pathak22/context-encoder"
_FOLDERS = {"train": "paris_train_original", "test": "paris_eval_gt"}
_ARCHIVE = "paris_streetview.zip"
CARD = Card(
    name="paris_streetview",
    title="Paris StreetView",
    page=_PAGE,
    paper="Doersch et al., What Makes Paris Look like Paris?, SIGGRAPH 2012; divided by Pathak et al., Context "
    "Encoders, CVPR 2016",
    licence=UNKNOWN,
    terms="given by the authors to those who ask, for research; the photographs are Google's",
    publish="scores; ask the authors before pictures are shown",
    processed="936x537 pixels, as they were taken from Google Street View",
    n=15_000,
    files=(File(name=_ARCHIVE, ask=f"ask the authors as {_PAGE} says, and pack what they send as {_ARCHIVE}"),),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """Which part of Paris StreetView."""

    split: str = key("the official part", "test", choices=tuple(_FOLDERS))


def photographs(settings: dict) -> Photographs:
    """The photographs of the part asked for, in their order. Errors: as in `_published`."""
    folder = _FOLDERS[settings.get("split") or "test"]
    return Copy(CARD, settings, [_ARCHIVE]).photographs(rf"{folder}/[^/]+\.(?:jpe?g|png)")


check, downloads, files = copied(CARD, lambda entry: [_ARCHIVE])
