"""ShanghaiTech: 1,198 photographs of crowds, part A from the web and part B from streets of Shanghai."""

from dataclasses import dataclass

from lacuna.data.cards import UNKNOWN, Card, File
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs
from lacuna.keys import key

_PAGE = "https://github.com/desenzhou/ShanghaiTechDataset"
_ARCHIVE = "ShanghaiTech.zip"
CARD = Card(
    name="shanghaitech",
    title="ShanghaiTech (crowds)",
    page=_PAGE,
    paper="Zhang et al., Single-Image Crowd Counting via Multi-Column CNN, CVPR 2016",
    licence=UNKNOWN,
    terms="not stated by its authors: for research, and ask them for anything else",
    publish="scores; ask the authors before pictures are shown, which have people in them",
    processed="as they were found or taken; sizes differ in part A, 1024x768 pixels in part B",
    n=1_198,
    files=(File(name=_ARCHIVE, ask=f"open {_PAGE}, take the archive that it links to, and call it {_ARCHIVE}"),),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """Which part of ShanghaiTech."""

    part: str = key("`A` (300 and 182 photographs), `B` (400 and 316), or `both`", "both", choices=("A", "B", "both"))
    split: str = key("the official part", "all", choices=("all", "train", "test"))


def photographs(settings: dict) -> Photographs:
    """The photographs of the parts asked for, in their order. Errors: as in `_published`."""
    part = {"both": "[AB]"}.get(settings.get("part") or "both", settings.get("part"))
    split = {"all": "(?:train|test)"}.get(settings.get("split") or "all", settings.get("split"))
    layout = rf"part_{part}(?:_final)?/{split}_data/images/[^/]+\.jpg"
    return Copy(CARD, settings, [_ARCHIVE]).photographs(layout)


check, downloads, files = copied(CARD, lambda entry: [_ARCHIVE])
