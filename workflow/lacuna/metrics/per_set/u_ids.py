"""U-IDS."""

from lacuna.metrics.facts import set_metric
from lacuna.metrics.per_set._features import CLASSIFIER, SPACE, decisions, mean_and_error


@set_metric(
    title="U-IDS",
    unit="",
    direction="higher",
    range=(0.0, 1.0),
    space=SPACE,
    decimals=4,
    note="The part of images that a classifier of predicted against true gets wrong, undecided ones as half. "
    + CLASSIFIER,
    needs=10,
    trusted_from=0,
)
def u_ids(features, reference, photographs=None):
    """Unpaired inception discriminative score (Zhao et al.: Co-modulated GANs, ICLR 2021), cross-validated."""
    import numpy as np

    of_predictions, of_truths = decisions(features, reference, photographs)
    wrong = (np.heaviside(of_predictions, 0.5) + np.heaviside(-of_truths, 0.5)) / 2
    return mean_and_error(wrong, photographs)
