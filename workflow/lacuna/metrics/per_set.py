"""The metrics of a whole set of predictions against the true images. To add one, add one function.

Every function takes `features` and `reference`, float N×2048 of the Inception of `lacuna.metrics.inception`, whose
rows i belong to the same image, and `photographs`, the number of the photograph that each image was cut from (None: one
each), and returns `(value, standard error or None)`. Whole images are judged, never regions.
Heavy libraries are imported inside the functions.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lacuna.metrics.facts import ARROWS


@dataclass(frozen=True)
class SetMetric:
    """One metric of a set: its facts and the function that computes it.

    Below `trusted_from` images the value is still given, with the flag `small-n`; below `needs` there is none.
    """

    name: str
    title: str
    unit: str
    direction: Literal["higher", "lower"]
    range: tuple[float, float]
    space: str
    decimals: int
    note: str
    needs: int
    trusted_from: int
    measure: Callable

    @property
    def arrow(self) -> str:
        """↑ where higher is better, ↓ where lower is."""
        return ARROWS[self.direction]

    def flag(self, n: int) -> str:
        """`small-n` where the number of images is too small for the value to be trusted, else nothing."""
        return "small-n" if n < self.trusted_from else ""


SET_METRICS: dict[str, SetMetric] = {}


def set_metric(**facts) -> Callable[[Callable], Callable]:
    """Register the decorated function as the set metric of its own name, with these facts."""

    def register(function: Callable) -> Callable:
        SET_METRICS[function.__name__] = SetMetric(name=function.__name__, measure=function, **facts)
        return function

    return register


_SPACE = "2048 features of the 2015 Inception, images resized as clean-fid does"


@set_metric(
    title="FID",
    unit="",
    direction="lower",
    range=(0.0, math.inf),
    space=_SPACE,
    decimals=2,
    note="Fréchet distance of Gaussians fitted to the features. Biased upwards for few images and by an amount that "
    "differs between systems: below 2048 images, where the covariances have no full rank, it is flagged, and values "
    "of different N are not to be compared.",
    needs=2,
    trusted_from=2048,
)
def fid(features, reference, photographs=None):
    """Fréchet inception distance (Heusel et al.: GANs trained by a two time-scale update rule, NeurIPS 2017)."""
    from lacuna.metrics.distances import frechet_distance

    return frechet_distance(features, reference), None


@set_metric(
    title="KID",
    unit="",
    direction="lower",
    range=(-math.inf, math.inf),
    space=_SPACE,
    decimals=5,
    note="Squared maximum mean discrepancy with the kernel (x·y/2048 + 1)³, unbiased at every N and so now and then a "
    "little below 0; the average over all subsets instead of random ones, an image's own pair left out of the mixed "
    "term. Standard error: jackknife over images, too large by up to √2 near 0 and too "
    "small for crops of few photographs.",
    needs=3,
    trusted_from=0,
)
def kid(features, reference, photographs=None):
    """Kernel inception distance (Bińkowski et al.: Demystifying MMD GANs, ICLR 2018)."""
    from lacuna.metrics.distances import kernel_distance

    value, error = kernel_distance(features, reference, paired=True)
    return value, error if _several(photographs) else math.nan


_CLASSIFIER = (
    "What a linear support vector machine says about images that it was not fitted on (up to five folds of pairs, no "
    "photograph in two; features standardised): 0.5 where both sets are of one distribution, at every N. The published "
    "form fits and judges on the same images and reads 0 below a thousand or so; the two are not to be compared. "
    "Standard error: over photographs."
)


@set_metric(
    title="U-IDS",
    unit="",
    direction="higher",
    range=(0.0, 1.0),
    space=_SPACE,
    decimals=4,
    note="The part of images that a classifier of predicted against true gets wrong, undecided ones as half. "
    + _CLASSIFIER,
    needs=10,
    trusted_from=0,
)
def u_ids(features, reference, photographs=None):
    """Unpaired inception discriminative score (Zhao et al.: Co-modulated GANs, ICLR 2021), cross-validated."""
    import numpy as np

    of_predictions, of_truths = _decisions(features, reference, photographs)
    wrong = (np.heaviside(of_predictions, 0.5) + np.heaviside(-of_truths, 0.5)) / 2
    return _mean_and_error(wrong, photographs)


@set_metric(
    title="P-IDS",
    unit="",
    direction="higher",
    range=(0.0, 1.0),
    space=_SPACE,
    decimals=4,
    note="The part of images whose prediction a classifier finds more like a true image than the image itself, ties as "
    "half. " + _CLASSIFIER,
    needs=10,
    trusted_from=0,
)
def p_ids(features, reference, photographs=None):
    """Paired inception discriminative score (Zhao et al.: Co-modulated GANs, ICLR 2021), cross-validated."""
    import numpy as np

    of_predictions, of_truths = _decisions(features, reference, photographs)
    return _mean_and_error(np.heaviside(of_predictions - of_truths, 0.5), photographs)


_latest: list = []  # what was last judged, and what was said about it: both scores ask for the same


def _decisions(*asked):
    """`held_out_decisions` of features, reference and photographs."""
    from lacuna.metrics.distances import held_out_decisions

    if not (_latest and all(known is each for known, each in zip(_latest[0], asked, strict=True))):
        _latest[:] = asked, held_out_decisions(*asked)
    return _latest[1]


def _several(photographs) -> bool:
    """Whether there is more than one; of one alone nothing is known about others, and no error can be given."""
    return photographs is None or len(set(photographs)) > 1


def _mean_and_error(values, photographs) -> tuple[float, float]:
    """The mean over images, and its standard error over photographs."""
    import numpy as np

    of = np.arange(len(values)) if photographs is None else np.asarray(photographs)
    sums = np.bincount(of, values - values.mean())
    if not _several(photographs):
        return float(values.mean()), math.nan
    number = len(np.unique(of))
    return float(values.mean()), float(np.sqrt(number / (number - 1) * (sums**2).sum()) / len(values))
