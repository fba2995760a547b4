"""P-IDS."""

from lacuna.metrics.facts import set_metric
from lacuna.metrics.per_set._features import CLASSIFIER, SPACE, decisions, mean_and_error


@set_metric(
    title="P-IDS",
    unit="",
    direction="higher",
    range=(0.0, 1.0),
    space=SPACE,
    decimals=4,
    note="The part of images whose prediction a classifier finds more like a true image than the image itself, ties as "
    "half. " + CLASSIFIER,
    needs=10,
    trusted_from=0,
)
def p_ids(features, reference, photographs=None):
    """Paired inception discriminative score (Zhao et al.: Co-modulated GANs, ICLR 2021), cross-validated."""
    import numpy as np

    of_predictions, of_truths = decisions(features, reference, photographs)
    return mean_and_error(np.heaviside(of_predictions - of_truths, 0.5), photographs)
