"""The metrics of one image against its ground truth. A metric is a file of this folder; leading underscores are parts.

A metric's function takes `predictions` (K×N×H×W×3) and `truths` (N×H×W×3), uint8 RGB as stored on disk: K predictions
of the same N truths, so that what depends on the truth alone is computed once. It returns `(values, maps)` as
`facts.Metric` describes, and registers itself by the decorator `facts.metric`, or behind any backbone of a config by
`facts.embedded_metric`. Heavy libraries are imported inside the
functions, so that asking for names and facts stays quick.
"""

from lacuna.metrics.facts import EMBEDDED_METRICS, METRICS, Metric, behind, find
from lacuna.registry import import_all

import_all(__name__)


def metric_by_name(name: str) -> Metric:
    """The metric called `name`, in capitals or not, or `formula_backbone`; an unknown name is a `LacunaError`."""
    return behind(EMBEDDED_METRICS, name) or find(METRICS, name, "metric")
