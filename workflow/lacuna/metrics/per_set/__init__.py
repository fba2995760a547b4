"""The metrics of a whole set of predictions against the true images. A metric is a file of this folder.

A metric's function takes `features` and `reference`, float N×2048 of the Inception of `lacuna.metrics.inception`, whose
rows i belong to the same image, and `photographs`, the number of the photograph that each image was cut from (None: one
each), and returns `(value, standard error or None)`. Whole images are judged, never regions. It registers itself by the
decorator `facts.set_metric`; or by `facts.embedded_set_metric`, and then takes the features N×D of any backbone. Heavy
libraries are imported inside the functions.
"""

from lacuna.metrics.facts import EMBEDDED, SET_METRICS, SetMetric, behind, find
from lacuna.registry import import_all

import_all(__name__)


def set_metric_by_name(name: str) -> SetMetric:
    """The set metric called `name`, in capitals or not, or `formula_backbone`; an unknown name is a `LacunaError`."""
    return behind(EMBEDDED, name) or find(SET_METRICS, name, "set metric")
