"""Masks that somebody else made: a folder of pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lacuna.cells import spelt
from lacuna.data.fingerprint import matching_files
from lacuna.data.masks.bins import Bin
from lacuna.data.stems import masks_of, passed_over_sentence, stem_of
from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.keys import FilePath, key

if TYPE_CHECKING:
    import numpy as np

    from lacuna.data.crops import Crop

PAIRINGS = ("drawn", "by_name", "by_order")


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Where the masks are."""

    path: FilePath = key("the folder; white = hole, nothing transparent")
    pattern: FilePath = key("the glob that files must match; `**` is any depth", "**/*")
    invert: bool = key("`true` if black is the hole there", False)
    pairing: str = key(
        "which mask a test or validation picture gets: `drawn` at random, `by_name` the one that is called as its "
        "photograph, `by_order` the one in the same place of the sorted names",
        "drawn",
        choices=PAIRINGS,
    )


class Given(NamedTuple):
    """One mask of the folder: its name there, the SHA-256 of its file, how many pixels are hole at the set's size."""

    name: str
    sha256: str
    pixels: int


class GivenMasks:
    """The masks of a folder, by coverage bin.

    A mask is resized with nearest neighbours and binarised at 128, once, here; `invert` is for sets in which white
    means valid. Where `pairing` gives each picture its own mask, a mask is cropped first as `crop: center` crops the
    picture. A picture that lies beside its mask (`lacuna.data.stems`) is no mask.
    Errors: a `LacunaError` when a file is no mask, or when the set looks inverted.
    """

    def __init__(self, settings: dict, size: tuple[int, int], bins: list[Bin]):
        import numpy as np

        self.folder = Path(settings["path"])
        self.invert = bool(settings.get("invert"))
        self.pairing = settings.get("pairing") or "drawn"
        if self.pairing not in PAIRINGS:
            raise LacunaError(
                f"the mask set {settings['name']} has pairing {self.pairing!r}; choose one of {', '.join(PAIRINGS)}"
            )
        self.size = size
        names, self.passed_over = self.listed(settings)
        self.masks = [Given(name, self.sha256(name), int(np.count_nonzero(self.read(name)))) for name in names]
        self._refuse_inverted(settings["name"], bins)

    def listed(self, settings: dict) -> tuple[list[str], list[str]]:
        """The names of the masks, sorted, and of what is passed over."""
        names, passed_over = matching_files(self.folder, settings.get("pattern") or "**/*")
        stems = {stem_of(name) for name in names}
        pictures = {stem for stem, its in masks_of(stems, stems).items() if its != [stem]}
        passed_over += [name for name in names if stem_of(name) in pictures]
        if passed_over:
            print(passed_over_sentence(f"the files in {self.folder}", passed_over))
        return [name for name in names if stem_of(name) not in pictures], passed_over

    def sha256(self, name: str) -> str:
        """Of a mask's file."""
        return sha256_of(self.folder / name)

    def grey(self, name: str) -> "np.ndarray":
        """A mask as it is stored: uint8 H×W."""
        from lacuna.data.images import grey_mask

        return grey_mask(self.folder / name)

    def read(self, name: str) -> "np.ndarray":
        """The mask of this name: uint8 H×W, 255 = hole."""
        import numpy as np
        from PIL import Image

        from lacuna.data.images import THRESHOLD

        grey = Image.fromarray(self.grey(name))
        left, top, width, height = self.crop(grey.size)
        box = (left, top, left + width, top + height)
        values = np.asarray(grey.resize(self.size, Image.Resampling.NEAREST, box=box))
        return np.where((values >= THRESHOLD) != self.invert, 255, 0).astype(np.uint8)

    def crop(self, size: tuple[int, int]) -> "Crop":
        """Which part of a mask of this (width, height) is taken."""
        from lacuna.data.crops import Crop, centre_crop

        return Crop(0, 0, *size) if not self.own_pairs else centre_crop(size, self.size)

    @property
    def own_pairs(self) -> bool:
        """Whether each picture gets its own mask."""
        return self.pairing != "drawn"

    def origin(self, name: str) -> dict:
        """Columns of a set's index about the file of a mask: its name and, for own pairs, the part that was taken."""
        if not self.own_pairs:
            return {"origin": name}
        height, width = self.grey(name).shape
        crop = self.crop((width, height))
        return {"origin": name, **{f"crop_{side}": value for side, value in crop._asdict().items()}}

    def inside(self, wanted: Bin) -> list[Given]:
        """The masks in a bin, sorted by content and name."""
        fewest, most = wanted.pixels(self.size[0] * self.size[1])
        return sorted(
            (mask for mask in self.masks if fewest <= mask.pixels <= most), key=lambda mask: (mask.sha256, mask.name)
        )

    def own(self, bins: list[Bin]) -> list[tuple[Given, Bin]]:
        """Every mask with its bin, in the order of names; one outside all bins is a `LacunaError`."""
        total, found = self.size[0] * self.size[1], []
        for mask in self.masks:
            inside = [b for b in bins if b.pixels(total)[0] <= mask.pixels <= b.pixels(total)[1]]
            if not inside:
                raise LacunaError(
                    f"the mask {spelt(mask.name)} of {self.folder} covers {mask.pixels / total:.2%}, outside the set's "
                    f"coverage; widen it, because with pairing {self.pairing} every mask belongs to a picture"
                )
            found.append((mask, inside[0]))
        return found

    def _refuse_inverted(self, name: str, bins: list[Bin]) -> None:
        total = self.size[0] * self.size[1]
        mean = sum(mask.pixels for mask in self.masks) / len(self.masks) / total
        low, high = float(bins[0].lower), float(bins[-1].upper)
        if mean > high and low <= 1 - mean <= high:
            raise LacunaError(
                f"the mask set {name} looks inverted: its masks in {self.folder} cover {mean:.0%} on average where at "
                f"most {high:.0%} is asked for; {self.turned_round()}"
            )

    def turned_round(self) -> str:
        """What to do about masks that look inverted."""
        return f"set invert to {'false' if self.invert else 'true'}"
