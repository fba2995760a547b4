"""DTD: 5,640 photographs of textures in 47 categories, with ten divisions into three parts."""

from dataclasses import dataclass

from lacuna.data.cards import Card, File
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs
from lacuna.keys import key

_ARCHIVE = "dtd-r1.0.1.tar.gz"
CARD = Card(
    name="dtd",
    title="Describable Textures Dataset",
    page="https://www.robots.ox.ac.uk/~vgg/data/dtd/",
    paper="Cimpoi et al., Describing Textures in the Wild, CVPR 2014",
    licence="made available for research; the photographs belong to whoever took them",
    terms="research only",
    publish="scores, and single pictures as a paper shows examples",
    processed="as they were found, between 300x300 and 640x640 pixels",
    n=5_640,
    files=(  # MD5 as torchvision 0.26 states it
        File(
            name=_ARCHIVE,
            urls=(f"https://www.robots.ox.ac.uk/~vgg/data/dtd/download/{_ARCHIVE}",),
            checksum="fff73e5086ae6bdbea199a49dfb8a4c1",
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """Which part of DTD."""

    split: str = key("the part of the division", "all", choices=("all", "train", "val", "test"))
    partition: int = key("which of the ten official divisions", 1, minimum=1, maximum=10)
    categories: list[str] = key("textures, such as `[banded, woven]`", None, least=1, shown="all")


def photographs(settings: dict) -> Photographs:
    """The textures of the part asked for, in their order. Errors: as in `_published`."""
    copy, asked = Copy(CARD, settings, [_ARCHIVE]), settings.get("categories")
    names = None
    if (settings.get("split") or "all") != "all":
        names = {line.strip() for line in copy.lines(_list(settings), "a choice of the split")}

    def wanted(found) -> bool:
        return (not asked or found["category"] in asked) and (names is None or found["name"] in names)

    return copy.photographs(r"images/(?P<name>(?P<category>[^/]+)/[^/]+\.jpg)", wanted)


def _list(entry: dict) -> str:
    return f"{entry.get('split') or 'all'}{entry.get('partition') or 1}.txt"


check, downloads, files = copied(CARD, lambda entry: [_ARCHIVE], lambda entry: [_list(entry)])
