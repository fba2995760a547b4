"""CelebA-HQ: 30,000 faces of CelebA at 1024×1024 pixels, as CelebAMask-HQ packs them or as numbered pictures."""

from dataclasses import dataclass

from lacuna.data.cards import Card, File
from lacuna.data.image_sources import celeba
from lacuna.data.image_sources._published import Copy, CopyKeys, copied
from lacuna.data.origins import Photographs
from lacuna.keys import key

_PAGE = "https://github.com/switchablenorms/CelebAMask-HQ"
_IMAGES, _MAPPING = "CelebAMask-HQ.zip", "CelebA-HQ-to-CelebA-mapping.txt"
_PARTS = "list_eval_partition.txt"
CARD = Card(
    name="celeba_hq",
    title="CelebA-HQ",
    page=_PAGE,
    paper="Karras et al., Progressive Growing of GANs, ICLR 2018; packed by Lee et al., MaskGAN, CVPR 2020",
    licence="the agreement of CelebA; the photographs belong to whoever took them",
    terms="non-commercial research and education only; no part may be passed on",
    publish="as CelebA: scores; pictures only as far as the agreement allows",
    processed="faces of CelebA, restored, enlarged and aligned by its authors to 1024x1024 pixels",
    n=30_000,
    files=(
        File(name=_IMAGES, ask=f"open {_PAGE}, accept the terms there, and take it from the folder that it links to"),
        celeba.CARD.file(_PARTS),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Keys(CopyKeys):
    """Which part of CelebA-HQ."""

    split: str = key(
        "CelebA's part that each face is from: 24,183 of `train`, 2,993 of `valid`, 2,824 of `test`",
        "all",
        choices=("all", *celeba.SPLITS),
    )


def photographs(settings: dict) -> Photographs:
    """The faces of the part asked for, in their order. Errors: as in `_published`."""
    copy = Copy(CARD, settings, [_IMAGES])
    layout = r"(?:CelebA-HQ-img/|celeba_hq(?:_\w+)?/|data\d+x\d+/)?(?P<number>\d{1,5})\.(?:jpg|png)"
    split = settings.get("split", "all")
    if split == "all":
        return copy.photographs(layout)
    why, part = "a choice of the split", celeba.SPLITS[split]
    names = {name for name, of in (line.split() for line in copy.lines(_PARTS, why)) if of == part}
    rows = (line.split() for line in copy.lines(_MAPPING, why)[1:])  # idx, orig_idx, orig_file
    numbers = {int(number) for number, _, name in rows if name in names}
    return copy.photographs(layout, lambda found: int(found["number"]) in numbers)


def _needed(entry: dict) -> list[str]:
    """CelebA's list of its parts only where one is asked for."""
    return [_IMAGES] + [_PARTS] * (entry.get("split", "all") != "all")


check, downloads, files = copied(CARD, lambda entry: [_IMAGES], lambda entry: [_MAPPING, _PARTS], _needed)
