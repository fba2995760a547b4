"""Masks that somebody else made: a folder of pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lacuna.data.fingerprint import matching_files
from lacuna.data.masks.bins import Bin
from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.keys import FilePath, key

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Where the masks are."""

    path: FilePath = key("the folder; white = hole, nothing transparent")
    pattern: FilePath = key("the glob that files must match; `**` is any depth", "**/*")
    invert: bool = key("`true` if black is the hole there", False)


class GivenMasks:
    """The different masks of a folder, by coverage bin.

    A mask is resized with nearest neighbours and binarised at 128, once, here; `invert` is for sets in which white
    means valid. Errors: a `LacunaError` when a file is no mask, or when the set looks inverted.
    """

    def __init__(self, settings: dict, size: tuple[int, int], bins: list[Bin]):
        import numpy as np

        self.folder = Path(settings["path"])
        self.invert = bool(settings.get("invert"))
        self.size = size
        names = matching_files(self.folder, settings.get("pattern") or "**/*")
        self.by_content = {sha256_of(self.folder / name): name for name in reversed(names)}
        self.pixels = {sha256: int(np.count_nonzero(self.read(sha256))) for sha256 in sorted(self.by_content)}
        self._refuse_inverted(settings["name"], bins)

    def read(self, sha256: str) -> "np.ndarray":
        """The mask with this content: uint8 H×W, 255 = hole."""
        import numpy as np
        from PIL import Image

        from lacuna.data.images import grey_mask

        grey = Image.fromarray(grey_mask(self.folder / self.by_content[sha256]))
        values = np.asarray(grey.resize(self.size, Image.Resampling.NEAREST))
        return np.where((values >= 128) != self.invert, 255, 0).astype(np.uint8)

    def inside(self, wanted: Bin) -> list[str]:
        """The contents of the masks in a bin, sorted."""
        fewest, most = wanted.pixels(self.size[0] * self.size[1])
        return [sha256 for sha256, pixels in self.pixels.items() if fewest <= pixels <= most]

    def _refuse_inverted(self, name: str, bins: list[Bin]) -> None:
        total = self.size[0] * self.size[1]
        mean = sum(self.pixels.values()) / len(self.pixels) / total
        low, high = float(bins[0].lower), float(bins[-1].upper)
        if mean > high and low <= 1 - mean <= high:
            raise LacunaError(
                f"the mask set {name} looks inverted: its masks in {self.folder} cover {mean:.0%} on average where at "
                f"most {high:.0%} is asked for; set invert to {'false' if self.invert else 'true'}"
            )
