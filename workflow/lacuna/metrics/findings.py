"""What the files of a scoring tell beside the scores: soft masks, dropped alpha, masks that look inverted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from lacuna.errors import LacunaError
from lacuna.metrics.triples import Files, Reading, Triple, read_triple_noting

LARGEST_COVERAGE = 0.8
"""Mean coverage above which a set of masks looks inverted."""
_SAMPLE = 16


@dataclass
class Findings:
    """Counts over the images that were read, by whichever thread. `invert`: whether masks are read the other way."""

    invert: bool = False
    images: int = 0
    soft: int = 0
    transparent: int = 0
    empty: int = 0
    coverage: float = 0.0
    exact: int = 0
    """Images whose prediction is the truth in the whole hole."""
    turned: int = 0
    """Of these, the ones whose prediction is another than the truth outside the hole."""
    _lock: Lock = field(default_factory=Lock)

    def read(self, files: Files) -> Triple:
        """The pixels of one image, which is counted in. Errors: as in `read_triple_noting`."""
        triple, reading = read_triple_noting(files, self.invert)
        self._add(triple, reading)
        return triple

    def _add(self, triple: Triple, reading: Reading) -> None:
        hole = triple.hole
        differs = (triple.truth != triple.prediction).any(axis=-1)
        exact = bool(hole.any()) and not differs[hole].any()
        with self._lock:
            self.images += 1
            self.soft += reading.soft
            self.transparent += reading.transparent
            self.empty += not hole.any()
            self.coverage += float(hole.mean())
            self.exact += exact
            self.turned += exact and bool(differs.any())

    def sentences(self) -> list[str]:
        """What is to be said about the set, one sentence each."""
        said, n = [], self.images
        if self.soft:
            said.append(f"{self.soft} of {n} masks hold values between black and white; from 128 on they are hole")
        if self.transparent:
            said.append(
                f"{self.transparent} of {n} images or their predictions have transparent pixels: the alpha was "
                "dropped, the colours count"
            )
        if self.empty:
            said.append(f"{self.empty} of {n} masks have no hole, so that these images have no scores of one")
        if n and self.coverage / n > LARGEST_COVERAGE:
            said.append(
                f"the holes cover {self.coverage / n:.0%} on average, so that the masks look inverted: {self.advice()}"
            )
        if 2 * self.exact > n:
            said.append(
                f"{self.exact} of {n} predictions equal the truth in the whole hole: either these are true images and "
                f"no predictions, or the masks are inverted ({self.advice()})"
            )
        return said

    def advice(self) -> str:
        """What to do about inverted masks."""
        return "leave --invert-masks out" if self.invert else "add --invert-masks if black is the hole"


def refuse_inverted(files: Sequence[Files], invert: bool) -> None:
    """A `LacunaError` where images evenly spread over the set all look as if their masks were inverted.

    That is: the prediction is the truth in the whole hole and another one outside.
    """
    seen = Findings(invert)
    for each in files[:: -(-len(files) // _SAMPLE)]:
        seen.read(each)
        if seen.turned < seen.images:
            return
    raise LacunaError(
        "the masks look inverted: every prediction looked at equals its truth in the whole hole and differs outside; "
        + seen.advice()
    )
