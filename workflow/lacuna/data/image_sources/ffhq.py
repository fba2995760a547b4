"""FFHQ: 70,000 faces from Flickr at 1024×1024 pixels, in folders of a thousand."""

from dataclasses import dataclass

from lacuna.data.cards import Card, File
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs
from lacuna.keys import key

_PAGE = "https://github.com/NVlabs/ffhq-dataset"
_FOLDERS = {"1024": "images1024x1024", "128": "thumbnails128x128"}
_TRAINING = 60_000  # the first ones, by the authors' own division
CARD = Card(
    name="ffhq",
    title="FFHQ",
    page=_PAGE,
    paper="Karras et al., A Style-Based Generator Architecture for GANs, CVPR 2019",
    licence="CC BY-NC-SA 4.0 (the set, by NVIDIA); single photographs CC BY 2.0, CC BY-NC 2.0, PDM 1.0, CC0 1.0 or "
    "works of the US government",
    terms="non-commercial; name the authors, and pass on under the same licence; not for the recognition of faces",
    publish="pictures with the licence and the photographer, whom ffhq-dataset-v2.json names; results under the same "
    "licence",
    processed="aligned by landmarks and cropped to 1024x1024 pixels, PNG; thumbnails of 128x128",
    n=70_000,
    files=tuple(
        File(
            name=f"{name}.zip",
            ask=f"open {_PAGE}, take the folder {name} that it links to, pack it as {name}.zip",
        )
        for name in _FOLDERS.values()
    ),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """Which part of FFHQ."""

    split: str = key(
        "the authors' parts: the first 60,000 (`train`), the last 10,000 (`validation`)",
        "all",
        choices=("all", "train", "validation"),
    )
    version: str = key("side in pixels: the pictures or their thumbnails", "1024", choices=tuple(_FOLDERS))


def photographs(settings: dict) -> Photographs:
    """The faces of the part asked for, in the order of their numbers. Errors: as in `_published`."""
    folder = _FOLDERS[settings.get("version") or "1024"]
    split = settings.get("split") or "all"

    def wanted(found) -> bool:
        return split == "all" or (int(found["number"]) < _TRAINING) == (split == "train")

    layout = rf"{folder}/(?:\d{{5}}/)?(?P<number>\d{{5}})\.png"
    return Copy(CARD, settings, _archive(settings)).photographs(layout, wanted)


def _archive(entry: dict) -> list[str]:
    return [f"{_FOLDERS[entry.get('version') or '1024']}.zip"]


check, downloads, files = copied(CARD, _archive)
