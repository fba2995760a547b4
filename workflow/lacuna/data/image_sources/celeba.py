"""CelebA: 202,599 photographs of faces, aligned and cropped, by official zip or as torchvision lays them out."""

from dataclasses import dataclass

from lacuna.data.cards import Card, File
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs
from lacuna.errors import LacunaError
from lacuna.keys import key
from lacuna.registry import suggest

_PAGE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
_ASK = f"open {_PAGE}, accept the terms there, and take it from the authors' folder"
_IMAGES, _PARTS, _ATTRIBUTES = "img_align_celeba.zip", "list_eval_partition.txt", "list_attr_celeba.txt"
SPLITS = {"train": "0", "valid": "1", "test": "2"}
CARD = Card(
    name="celeba",
    title="CelebA, aligned and cropped",
    page=_PAGE,
    paper="Liu et al., Deep Learning Face Attributes in the Wild, ICCV 2015",
    licence="the authors' agreement; the photographs belong to whoever took them",
    terms="non-commercial research only; no part may be copied, published or passed on except within one's institution",
    publish="scores; pictures only as far as the agreement allows, which forbids to publish any part of the set",
    processed="aligned by the eyes and cropped to 178x218 pixels, JPEG",
    n=202_599,
    files=(  # MD5 as torchvision 0.26 states them
        File(name=_IMAGES, checksum="00d2c5bc6d35e252742224ab0c1e8fcb", ask=_ASK),
        File(name=_PARTS, checksum="d32c9cbf5e040fd4025c592c306e6668", ask=_ASK),
        File(name=_ATTRIBUTES, checksum="75e246fa4810816ffd6ee81facbd244c", ask=_ASK),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """Which part of CelebA."""

    split: str = key("the official part", "all", choices=("all", *SPLITS))
    having: list[str] = key("attributes that a face must have, such as `[Smiling]`", None, least=1, shown="any")
    lacking: list[str] = key("attributes that it must not have, such as `[Eyeglasses]`", None, least=1, shown="none")


def photographs(settings: dict) -> Photographs:
    """The faces of the part and with the attributes asked for, in the order of their numbers.

    Errors: a `LacunaError` for an unknown attribute, and as in `_published`.
    """
    copy = Copy(CARD, settings, [_IMAGES])
    names = None
    if _lists(settings):
        names = set.intersection(*_chosen(copy, settings))
    layout = r"(?:img_align_celeba/)?(?P<name>\d{6})\.(?:jpg|png)"
    return copy.photographs(layout, lambda found: names is None or found["name"] in names)


def _lists(entry: dict) -> list[str]:
    return [_PARTS] * (entry.get("split", "all") != "all") + [_ATTRIBUTES] * bool(
        entry.get("having") or entry.get("lacking")
    )


def _chosen(copy: Copy, settings: dict) -> list[set[str]]:
    """The numbers of faces that each key chooses."""
    chosen = []
    if (split := settings.get("split", "all")) != "all":
        rows = (line.split() for line in copy.lines(_PARTS, "a choice of the split"))
        chosen.append({name.partition(".")[0] for name, part in rows if part == SPLITS[split]})
    having, lacking = settings.get("having") or [], settings.get("lacking") or []
    if having or lacking:
        _, header, *lines = copy.lines(_ATTRIBUTES, "a choice of attributes")
        columns = {name: number for number, name in enumerate(header.split(), 1)}
        for name in [*having, *lacking]:
            if name not in columns:
                raise LacunaError(f"CelebA has no attribute '{name}': {suggest(name, columns)}")
        wanted = {columns[name]: "1" for name in having} | {columns[name]: "-1" for name in lacking}
        rows = (line.split() for line in lines)
        chosen.append(
            {row[0].partition(".")[0] for row in rows if all(row[at] == value for at, value in wanted.items())}
        )
    return chosen


check, downloads, files = copied(CARD, lambda entry: [_IMAGES], _lists, lambda entry: [_IMAGES, *_lists(entry)])
