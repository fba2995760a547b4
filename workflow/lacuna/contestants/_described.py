"""An interface as the config describes it, its trial, and what it answers to a picture of any size."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from lacuna.contestants._trial import Findings, altered, judged
from lacuna.errors import LacunaError
from lacuna.inpainting.interfaces import HOLE_ERROR, KNOWN_ERROR, RANGES, Interface, Run, Trial, mirrored

BETTER = 0.5  # the error in another range, as a share of that in the described one, at which the description is wrong


@dataclass(frozen=True, kw_only=True)
class Described(Interface):
    """of_mask: what known and hole are in the mask. joined: one input of four channels, named as the picture's."""

    of_mask: tuple[float, float] = (0, 1)
    mask_first: bool = False
    joined: bool = False
    erased: bool = False

    def feed(self, image: np.ndarray, hole: np.ndarray) -> dict[str, np.ndarray]:
        """As `Interface.feed`."""
        black, white = self.reads
        values = image.astype(np.float32) * np.float32((white - black) / 255) + np.float32(black)
        if self.erased:
            values = np.where(hole[..., None], np.float32(0), values)
        if self.image.dtype is np.uint8:
            values = np.rint(values)
        known, empty = self.of_mask
        mask = np.where(hole, np.float32(empty), np.float32(known))[..., None]
        if self.joined:
            parts = (mask, values) if self.mask_first else (values, mask)
            return {self.image.name: self.image.laid_out(np.concatenate(parts, -1))}
        fed = [(self.image.name, self.image.laid_out(values)), (self.mask.name, self.mask.laid_out(mask))]
        return dict(reversed(fed) if self.mask_first else fed)


def tried(interface: Interface, run: Callable) -> Findings:
    """What a made-up picture says of an interface. Errors: a `LacunaError` that begins with a verb, the finding."""
    trial = Trial.of(interface)
    image, hole = trial.image, trial.hole

    def answer(picture: np.ndarray, by: Interface = interface) -> np.ndarray:
        return in_levels(by, run(by.feed(picture, hole)), hole.shape)

    first, again = answer(image), answer(image)
    under, beside = answer(altered(image, hole)), answer(altered(image, ~hole))
    findings = judged(image, hole, first, again, under, beside)
    if isinstance(interface, Described):
        _refuse_range(interface, image, hole, first, answer)
    return findings


def _refuse_range(interface: Described, image, hole, first: np.ndarray, answer: Callable) -> None:
    """A `LacunaError` where another range explains the answer far better, or numbers are far outside the described."""
    errors = _errors(first, image, hole)
    known, filled = errors
    if known <= KNOWN_ERROR and filled <= HOLE_ERROR:
        return
    kinds = RANGES[np.uint8] if interface.image.dtype is np.uint8 else RANGES[np.float32]
    best = (sum(errors), interface, errors)
    for reads, answers in product(kinds, (*RANGES[np.float32],)):
        other = replace(interface, reads=reads, answers=answers)
        found = _errors(answer(image, other), image, hole)
        if found[0] <= KNOWN_ERROR and found[1] <= HOLE_ERROR and sum(found) < BETTER * best[0]:
            best = (sum(found), other, found)
    described = f"reads: {_range(interface.reads)}, answers: {_range(interface.answers)}"
    if best[1] is not interface:
        better = f"reads: {_range(best[1].reads)}, answers: {_range(best[1].answers)}"
        raise LacunaError(
            f"answers in another range: with {described} a smooth picture comes back off by {known:.0%} where it is "
            f"known and by {filled:.0%} in the hole, with {better} by {best[2][0]:.0%} and {best[2][1]:.0%}"
        )
    outside = float(((first < -128) | (first > 383)).mean())
    if outside > 0.05:
        low, high = (each / 255 for each in (first.min(), first.max()))
        raise LacunaError(
            f"answers outside its described range ({described}) in {outside:.0%} of a smooth made-up picture: from "
            f"{low:.3g} to {high:.3g} of it"
        )


def _errors(answer: np.ndarray, image: np.ndarray, hole: np.ndarray) -> tuple[float, float]:
    off = np.abs(answer - image) / 255
    return float(off[~hole].mean()), float(off[hole].mean())


def in_levels(interface: Interface, outputs: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """An answer as float64 H×W×3 in levels of [0, 255], not clamped. Not finite: a `LacunaError`."""
    if interface.output >= len(outputs):
        raise LacunaError(f"returns {len(outputs)} outputs, and 'output' is {interface.output}")
    answer = interface.picture(outputs, *size).astype(np.float64)
    if not np.isfinite(answer).all():
        raise LacunaError("answers with values that are not finite")
    black, white = interface.answers
    return (answer - black) / (white - black) * 255


def answer_to(interface: Interface, run: Run, image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """uint8 H×W×3 for uint8 H×W×3 under bool H×W: mirrored up to a size that it takes, and cut off again."""
    height, width = hole.shape
    goal = [_padded(interface, side, axis) for axis, side in enumerate((height, width))]
    rows, columns = mirrored(height, goal[0]), mirrored(width, goal[1])
    outputs = run(interface.feed(image[rows][:, columns], hole[rows][:, columns]))
    if interface.output >= len(outputs):
        raise LacunaError(f"returns {len(outputs)} outputs, and 'output' is {interface.output}")
    answer = interface.picture(outputs, *goal)[:height, :width]
    if not np.isfinite(answer).all():
        raise LacunaError("answers with values that are not finite")
    return interface.in_bytes(answer)


def _padded(interface: Interface, side: int, axis: int) -> int:
    if interface.size is None:
        return -(-max(side, interface.minimum) // interface.multiple) * interface.multiple
    if side > interface.size[axis]:
        raise LacunaError(
            f"takes pictures of {interface.size[1]}×{interface.size[0]} pixels alone, and the run's have {side} in "
            f"{'width' if axis else 'height'}"
        )
    return interface.size[axis]


def _range(bounds: tuple[float, float]) -> str:
    return f"[{bounds[0]:g}, {bounds[1]:g}]"
