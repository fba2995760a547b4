"""What the metrics of sets share: the features, the classifier of true and predicted, errors over photographs."""

import math

SPACE = "2048 features of the 2015 Inception, images resized as clean-fid does"
CLASSIFIER = (
    "What a linear support vector machine says about images that it was not fitted on (up to five folds of pairs, no "
    "photograph in two; features standardised): 0.5 where both sets are of one distribution, at every N. The published "
    "form fits and judges on the same images and reads 0 below a thousand or so; the two are not to be compared. "
    "Standard error: over photographs."
)

_latest: list = []  # what was last judged, and what was said about it: both scores ask for the same


def decisions(*asked):
    """`held_out_decisions` of features, reference and photographs."""
    from lacuna.metrics.distances import held_out_decisions

    if not (_latest and all(known is each for known, each in zip(_latest[0], asked, strict=True))):
        _latest[:] = asked, held_out_decisions(*asked)
    return _latest[1]


def several(photographs) -> bool:
    """Whether there is more than one; of one alone nothing is known about others, and no error can be given."""
    return photographs is None or len(set(photographs)) > 1


def mean_and_error(values, photographs) -> tuple[float, float]:
    """The mean over images, and its standard error over photographs."""
    import numpy as np

    of = np.arange(len(values)) if photographs is None else np.asarray(photographs)
    sums = np.bincount(of, values - values.mean())
    if not several(photographs):
        return float(values.mean()), math.nan
    number = len(np.unique(of))
    return float(values.mean()), float(np.sqrt(number / (number - 1) * (sums**2).sum()) / len(values))
