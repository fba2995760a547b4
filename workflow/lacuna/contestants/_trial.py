"""What answers to altered pictures say: whether a contestant looks under the hole, and takes the mask as meant."""

from dataclasses import dataclass

import numpy as np

from lacuna.errors import LacunaError

DIFFERENT = 2.0  # levels of 255 that rounding and threads may make
SHARE = 0.01  # of what known pixels change, which is nothing
SWAPPED = 0.5  # the error with the channels turned round, as a share of that without, below which they are turned round


@dataclass(frozen=True)
class Findings:
    """returns: `raw` or `composite` (known pixels come back as they were). draws: another answer each time."""

    returns: str
    draws: bool
    known_error: float
    """Mean distance of the known pixels from the picture, in levels of 255."""

    def sentences(self) -> list[str]:
        """For the report."""
        said = ["known pixels come back as they were: its raw prediction is a composite"]
        if self.returns == "raw":
            said = [f"known pixels come back altered by {self.known_error:.1f} of 255 levels on average (raw)"]
        return said + ["it answers the same picture differently each time"] * self.draws


def altered(image: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The picture, H×W×3 in [0, 255], with other values in a region."""
    return np.where(where[..., None], 255 - image[..., ::-1], image).astype(image.dtype)


def judged(
    image: np.ndarray,
    hole: np.ndarray,
    first: np.ndarray,
    again: np.ndarray,
    under: np.ndarray,
    beside: np.ndarray,
) -> Findings:
    """What answers mean, all H×W×3 in levels of [0, 255], to a picture under a hole (bool H×W), to the same once more,
    to one with other values under the hole, and to one with other values beside it.

    A `LacunaError` that begins with a verb: the mask is the wrong way round, the answer depends on what lies under the
    hole, it depends on nothing, its channels or its numbers are not those of the picture.
    """

    def moved(one: np.ndarray, where: np.ndarray) -> float:
        return float(np.median(np.abs(first.astype(float) - one)[where])) if where.any() else 0.0

    noise = moved(again, hole)
    inside, outside = moved(under, hole), max(moved(beside, hole), moved(beside, ~hole))
    limit = max(DIFFERENT, 3 * noise)
    if inside <= limit and outside <= noise and np.array_equal(first, beside):
        raise LacunaError("answers two different pictures alike, so that it fills no hole")
    if inside > max(limit, SHARE * outside):
        what = f"other values under the hole change its answer there by {inside:.0f} of 255 levels"
        if outside <= max(1.0, 3 * noise):
            raise LacunaError(
                f"takes the mask the wrong way round: {what}, and other known pixels change nothing; turn it round"
            )
        raise LacunaError(f"looks under the hole: {what}, so that its scores would be of a picture that it saw")
    _refuse_numbers(image, hole, first)
    off = np.abs(first.astype(float) - image)[~hole]
    error, exact = (float(off.mean()), off.max() <= 0.6) if off.size else (0.0, False)
    return Findings("composite" if exact else "raw", noise > DIFFERENT, error)


def _refuse_numbers(image: np.ndarray, hole: np.ndarray, answer: np.ndarray) -> None:
    if answer.max() <= 1.5 and image.max() > 20:
        raise LacunaError(
            f"answers from {answer.min():.3g} to {answer.max():.3g} where 0 to 255 is meant: [0, 1] was written as "
            "bytes; multiply it by 255"
        )
    if hole.all():
        return
    one, other = (float(np.abs(each - image.astype(float))[~hole].mean()) for each in (answer, answer[..., ::-1]))
    if one > 5 and other < SWAPPED * one:
        raise LacunaError(
            f"answers with red and blue exchanged: what is known comes back off by {one:.0f} levels, and by "
            f"{other:.0f} with the channels turned round; give RGB"
        )
