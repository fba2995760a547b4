"""The metrics of one image against its ground truth. A metric is a file of this folder; leading underscores are parts.

A metric's function takes `predictions` (K×N×H×W×3) and `truths` (N×H×W×3), uint8 RGB as stored on disk: K predictions
of the same N truths, so that what depends on the truth alone is computed once. It returns `(values, maps)` as
`facts.Metric` describes, and registers itself by the decorator `facts.metric`. Heavy libraries are imported inside the
functions, so that asking for names and facts stays quick.
"""

from lacuna.errors import LacunaError
from lacuna.metrics.facts import METRICS, Metric
from lacuna.registry import import_all, suggest

import_all(__name__)


def metric_by_name(name: str) -> Metric:
    """The metric called `name`; an unknown name is a `LacunaError` that lists the known ones."""
    if name not in METRICS:
        raise LacunaError(f"there is no metric '{name}': {suggest(name, METRICS)}")
    return METRICS[name]
