"""Controls: three fills that every comparison is read against, and that take no part in it.

Mean fill is what a system must beat to have learnt anything about the hole; the masked input is what the valid region
alone is worth; the ground truth shows that pictures, masks and scores belong together. They are scored by the same code
as systems, and kept out of ranks and tests. Names and titles can be asked for without numpy.
"""

from pathlib import Path

from lacuna.sources import CONTROL

GROUND_TRUTH, MEAN_FILL, MASKED_INPUT = "ground_truth", "mean_fill", "masked_input"
TITLES = {GROUND_TRUTH: "Ground truth", MEAN_FILL: "Mean fill", MASKED_INPUT: "Masked input"}


def index_of(predictions: str | Path, name: str, test_set: str) -> Path:
    """Where the index of a control's pictures of a test set lies in a run's folder of predictions."""
    return Path(predictions) / name / CONTROL / test_set / "index.csv"


def masked_input(image, mask):
    """uint8 H×W×3 and bool H×W, True = hole → the same picture with a black hole: a copy of what systems are given."""
    copy = image.copy()
    copy[mask] = 0
    return copy


def mean_fill(image, mask):
    """uint8 H×W×3 and bool H×W, True = hole → the system `mean_fill` on it."""
    from lacuna.systems.mean_fill import MeanFill

    return MeanFill().predict_arrays([image], [mask])[0]


FILLS = {MEAN_FILL: mean_fill, MASKED_INPUT: masked_input}
"""How a control's pictures are made; the ground truth is not made: it is the images themselves."""
