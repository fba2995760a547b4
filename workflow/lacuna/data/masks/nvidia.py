"""NVIDIA's irregular masks, as they are published: holes between frames of videos, in six bins of coverage."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lacuna.data.mask_downloads import NVIDIA
from lacuna.data.masks import folder
from lacuna.errors import LacunaError
from lacuna.keys import FilePath, key

if TYPE_CHECKING:
    import numpy as np

    from lacuna.data.image_sources._members import Store

CARD = NVIDIA
# Split → archive, its inner folder, and whether black is the hole there.
_SPLITS = {
    "test": ("test_mask.zip", "testing_mask_dataset", False),
    "train": ("irregular_mask.zip", "disocclusion_img_mask", True),
}
_MARGIN, _SIDE = 50, 512  # pixels between hole and border, of masks of this side (section 4.1 of the paper)
BORDERS = ("all", "constrained", "unconstrained")


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Which masks."""

    path: FilePath = key(
        "your copy: `test_mask.zip`, `irregular_mask.zip`, or the folder with them or with what was unpacked from them"
    )
    split: str = key("`test`: 12,000 masks, 2,000 a bin; `train`: 55,116 as they are", "test", choices=tuple(_SPLITS))
    border: str = key(
        "of the test masks: `constrained`, those without a hole within 50 of 512 pixels of the border; "
        "`unconstrained`, the others",
        "all",
        choices=BORDERS,
    )

    @staticmethod
    def consistent(value: dict, where: str) -> None:
        """Only the test masks come with and without the constraint."""
        if value.get("split") == "train" and value.get("border", "all") != "all":
            raise LacunaError(
                f"{where}.border is '{value['border']}', but only the test masks are made so; leave it out, or choose "
                "the split test"
            )


def files(entry: dict) -> list[Path]:
    """What of somebody's copy decides the set, for the plan."""
    from lacuna.data.walking import files_below

    whole = _whole(entry)
    return [whole] if whole.is_file() else [whole / name for name in files_below(whole)]


def _whole(entry: dict) -> Path:
    """The archive or the folder of unpacked masks."""
    path, (archive, *_) = Path(entry["path"]), _SPLITS[entry.get("split") or "test"]
    if not path.exists():
        raise LacunaError(
            f"{path}, which should hold {CARD.title}, is not there; correct the path, or run 'lacuna fetch-data "
            f"{CARD.name}', which says where they are had"
        )
    return path / archive if (path / archive).is_file() else path


class GivenMasks(folder.GivenMasks):
    """The masks of a split, by coverage bin. The polarity is that of the split.

    Errors: as for masks of a folder, and a `LacunaError` where no mask of the split is there.
    """

    def __init__(self, settings: dict, size, bins):
        self.split, self.border = settings.get("split") or "test", settings.get("border") or "all"
        *_, inverted = _SPLITS[self.split]
        super().__init__({**settings, "invert": inverted}, size, bins)

    def listed(self, settings: dict) -> tuple[list[str], list[str]]:
        from lacuna.data.image_sources._members import opened

        self.store: Store = opened(_whole(settings))
        self.places: dict[str, str] = {}
        _, inner, _ = _SPLITS[self.split]
        numbered = {member.name: member for member in self.store.members() if _is_numbered(member)}
        found = [name for name in numbered if PurePosixPath(name).parent.name == inner]
        # who named the inner folder itself, or renamed it
        found = found or [name for name in numbered if str(PurePosixPath(name).parent) == "."]
        self.places = {name: numbered[name].place for name in sorted(found)}
        names = [name for name in self.places if self._is_wanted(name)]
        if not names:
            kind = "" if self.border == "all" else f" {self.border} at the border"
            raise LacunaError(
                f"{settings['path']} holds no masks of the split {self.split}{kind} (…/{inner}/00000.png); name the "
                "archive or the folder as it is published"
            )
        return names, []

    def sha256(self, name: str) -> str:
        return hashlib.sha256(self.store.read(self.places[name])).hexdigest()

    def grey(self, name: str) -> "np.ndarray":
        import io

        from lacuna.data.decoding import UNREADABLE, decode
        from lacuna.data.images import grey_of

        try:
            return grey_of(*decode(io.BytesIO(self.store.read(self.places[name]))), f"the mask {name}")
        except UNREADABLE as error:
            raise LacunaError(
                f"the mask {name} in {self.store.path} cannot be read ({error}); fetch it again"
            ) from None

    def turned_round(self) -> str:
        return f"these are not the masks of the split {self.split} as they are published; name another file"

    def _is_wanted(self, name: str) -> bool:
        return self.border == "all" or is_constrained(self.hole(name)) == (self.border == "constrained")

    def hole(self, name: str) -> "np.ndarray":
        """A mask at its own size: bool H×W, True = hole."""
        from lacuna.data.images import THRESHOLD

        inverted = _SPLITS[self.split][2]
        return (self.grey(name) >= THRESHOLD) != inverted


def is_constrained(hole: "np.ndarray") -> bool:
    """Whether no pixel of a hole, bool H×W, lies within 50 of 512 pixels of the border."""
    down, across = (-(-side * _MARGIN // _SIDE) for side in hole.shape)
    inside = hole[down : hole.shape[0] - down, across : hole.shape[1] - across]
    return bool(hole.sum() == inside.sum())


def _is_numbered(member) -> bool:
    return not member.why_not and re.fullmatch(r"\d{5,}\.png", PurePosixPath(member.name).name) is not None
