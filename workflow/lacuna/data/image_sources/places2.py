"""Places2 (Places365): photographs of 365 kinds of scenes, by official archive or as torchvision lays them out."""

from dataclasses import dataclass

from lacuna.data.cards import Card, File
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs
from lacuna.errors import LacunaError
from lacuna.keys import key
from lacuna.registry import suggest

_URL = "http://data.csail.mit.edu/places/places365/"
_LISTS = "filelist_places365-standard.tar"
_ARCHIVES = {  # split and version → archive and its MD5, as torchvision 0.26 states it
    ("train", "256"): ("train_256_places365standard.tar", "53ca1c756c3d1e7809517cc47c5561c5"),
    ("train", "large"): ("train_large_places365standard.tar", "67e186b496a84c929568076ed01a8aa1"),
    ("val", "256"): ("val_256.tar", "e27b17d8d44f4af9a78502beb927f808"),
    ("val", "large"): ("val_large.tar", "9b71c4993ad89d2d8bcbdc4aef38042f"),
    ("test", "256"): ("test_256.tar", "f532f6ad7b582262a2ec8009075e186b"),
    ("test", "large"): ("test_large.tar", "41a4b6b724b1d2cd862fb3871ed59913"),
}
CARD = Card(
    name="places2",
    title="Places2 (Places365-Standard)",
    page="http://places2.csail.mit.edu/download.html",
    paper="Zhou et al., Places: A 10 Million Image Database for Scene Recognition, TPAMI 2018",
    licence="the photographs belong to whoever took them",
    terms="non-commercial research and education only; the photographs may not be passed on",
    publish="scores; single photographs as a paper shows examples, not the set",
    processed="version 256: resized to 256x256 pixels whatever their shape was; version large: the shorter side at "
    "most 512 pixels, their shape kept",
    n=1_803_460 + 36_500 + 328_500,
    files=(
        *(File(name=name, urls=(_URL + name,), checksum=md5) for name, md5 in _ARCHIVES.values()),
        File(name=_LISTS, urls=(_URL + _LISTS,), checksum="35a0585fee1fa656440f3ab298f8479c"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """Which part of Places2."""

    split: str = key("the official part; `test` has no categories", "val", choices=("train", "val", "test"))
    version: str = key("`256`: 256×256 pixels; `large`: larger, their shape kept", "256", choices=("256", "large"))
    categories: list[str] = key(
        "scene categories, such as `[church/indoor, church/outdoor]`", None, least=1, shown="all"
    )

    @staticmethod
    def consistent(value: dict, where: str) -> None:
        """Categories are known of two parts."""
        if value.get("categories") and value.get("split") == "test":
            raise LacunaError(
                f"{where} asks for categories of the split 'test', which nobody knows; choose the split val or train"
            )


def photographs(settings: dict) -> Photographs:
    """The photographs of the part and categories asked for, in their order in the archive.

    Training photographs say their category by their folder, validation photographs by the list places365_val.txt.
    Errors: a `LacunaError` for an unknown category, and as in `_published`.
    """
    copy = Copy(CARD, settings, _archive(settings))
    split, size = settings.get("split") or "val", settings.get("version") or "256"
    asked = settings.get("categories")
    if split == "train":
        layout = rf"data_{size}(?:_standard)?/[a-z]/(?P<category>.+)/[^/]+\.jpg"
        return copy.photographs(layout, lambda found: not asked or found["category"] in asked)
    layout = rf"{split}_{size}/(?P<name>Places365_{split}_\d+\.jpg)"
    if not asked:
        return copy.photographs(layout)
    numbers = _numbers(copy, asked)
    lines = (line.split() for line in _lines(copy, "places365_val.txt"))
    names = {name for name, number in lines if number in numbers}
    return copy.photographs(layout, lambda found: found["name"] in names)


def _archive(entry: dict) -> list[str]:
    return [_ARCHIVES[entry.get("split") or "val", entry.get("version") or "256"][0]]


def _numbers(copy: Copy, asked: list[str]) -> set[str]:
    """The numbers of categories, from lines `/c/church/indoor 91`."""
    known = {}
    for line in _lines(copy, "categories_places365.txt"):
        name, number = line.split()
        known[name[3:]] = number
    for name in asked:
        if name not in known:
            raise LacunaError(f"Places2 has no category '{name}': {suggest(name, known)}")
    return {known[name] for name in asked}


def _lines(copy: Copy, name: str) -> list[str]:
    """The lines of a list, which lies unpacked or in the archive of the lists."""
    if not copy.beside(name) and (lists := copy.beside(_LISTS)):
        return Copy(CARD, {"path": str(lists)}, []).lines(name, "a choice of categories")
    return copy.lines(name, "a choice of categories")


def _needed(entry: dict) -> list[str]:
    """The lists that say the categories only where some are asked for."""
    return _archive(entry) + [_LISTS] * bool(entry.get("categories"))


check, downloads, files = copied(
    CARD, _archive, lambda entry: [_LISTS, "places365_val.txt", "categories_places365.txt"], _needed
)
