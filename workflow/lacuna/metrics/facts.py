"""What is known about a metric besides its formula, and the registries that the decorators fill.

No numpy here: the names and facts can be asked for at every start of Snakemake.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Literal

from lacuna.errors import LacunaError
from lacuna.registry import suggest

ARROWS = {"higher": "↑", "lower": "↓"}
INCEPTION = "inception"
DIVERSITY = "lpips_alex"  # what the samples of a system are compared by
_OWN = "a backbone of your own"
TILED_FROM = 1 << 21
"""Pixels beyond which an image is scored part by part: more than 1448×1448."""


@dataclass(frozen=True)
class Facts:
    """What is known about any metric besides its formula."""

    name: str
    title: str
    unit: str
    direction: Literal["higher", "lower"]
    range: tuple[float, float]
    space: str
    decimals: int
    note: str

    @property
    def arrow(self) -> str:
        """↑ where higher is better, ↓ where lower is."""
        return ARROWS[self.direction]


@dataclass(frozen=True)
class Metric(Facts):
    """One per-image metric: its facts and the function that computes it.

    `measure(predictions, truths)` takes K predictions K×N×H×W×3 of the same truths N×H×W×3 (uint8 RGB, as stored on
    disk) and returns `(values, maps)`: the metric of each whole image (K×N) and the error or similarity of each pixel
    (K×N×H×W), or None instead of the maps where the metric has no local reading. The value of a region is
    `from_mean` of the map's mean over the region's pixels. Metrics with `backbones`, names of the catalogue, also take
    `backbones=`, the folder of these weights, and `device=`, torch's. Where `reach` is given, a pixel depends
    on the pixels so far around it alone, and the value of an image is `from_mean` of the map's mean without a `border`
    of so many pixels: then a large image can be measured part by part. Values are finite, for identical images too: a
    mean is never poisoned.
    Images whose shorter side is below `minimal_size` pixels are a `LacunaError`.
    """

    measure: Callable
    backbones: tuple[str, ...] = ()
    from_mean: Callable[[float], float] = float
    minimal_size: int = 1
    reach: int | None = None
    border: int = 0
    network: str = ""
    """The backbone of the config that the metric is of, by its name there; then `measure` takes `holes=` (bool N×H×W)
    and `embedding=` (`lacuna.metrics.embedding`), too."""
    reference_free: bool = False
    """Whether the truth is not looked at, so that it need not score best."""

    @property
    def label(self) -> str:
        """Title, unit and direction, for the head of a column or an axis."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{self.title}{unit} {self.arrow}"

    def too_small(self, width: int, height: int) -> str:
        """The sentence for images of a size that is below `minimal_size`."""
        return (
            f"{self.title} needs images of at least {self.minimal_size}×{self.minimal_size} pixels, but these are "
            f"{width}×{height}; take larger images or drop '{self.name}' from the metrics"
        )

    def is_better(self, value: float, other: float) -> bool:
        """Whether `value` is strictly better than `other`."""
        return value > other if self.direction == "higher" else value < other


METRICS: dict[str, Metric] = {}
EMBEDDED_METRICS: dict[str, Metric] = {}
"""Formulas behind a backbone that the config names, as `EMBEDDED` holds those of sets."""


def metric(**facts) -> Callable[[Callable], Callable]:
    """Register the decorated function as the metric of its own name, with these facts."""

    def register(function: Callable) -> Callable:
        name = function.__name__

        @wraps(function)
        def measure(predictions, truths, **more):
            height, width = truths.shape[1:3]
            if min(width, height) < METRICS[name].minimal_size:
                raise LacunaError(METRICS[name].too_small(width, height))
            return function(predictions, truths, **more)

        METRICS[name] = Metric(name=name, measure=measure, **facts)
        return measure

    return register


def embedded_metric(**facts) -> Callable[[Callable], Callable]:
    """Register the decorated function as a formula that any backbone of the config can stand behind."""
    return _registering(EMBEDDED_METRICS, Metric, space=_OWN, **facts)


@dataclass(frozen=True)
class SetMetric(Facts):
    """One metric of a set: its facts and the function that computes it.

    Below `trusted_from` images the value is still given, with the flag `small-n`; below `needs` there is none.
    """

    needs: int
    trusted_from: int
    measure: Callable
    network: str = INCEPTION
    """Whose features: the Inception's, or those of a backbone of the config, by its name there."""

    def flag(self, n: int) -> str:
        """`small-n` where the number of images is too small for the value to be trusted, else nothing."""
        return "small-n" if n < self.trusted_from else ""


SET_METRICS: dict[str, SetMetric] = {}
EMBEDDED: dict[str, SetMetric] = {}
"""Formulas behind a backbone that the config names: of `cmmd` and the backbone `clip` the metric is `cmmd_clip`."""


def set_metric(**facts) -> Callable[[Callable], Callable]:
    """Register the decorated function as the set metric of its own name, with these facts."""
    return _registering(SET_METRICS, SetMetric, **facts)


def embedded_set_metric(**facts) -> Callable[[Callable], Callable]:
    """Register the decorated function as a formula that any backbone of the config can stand behind."""
    return _registering(EMBEDDED, SetMetric, space=_OWN, network="", **facts)


def _registering(known: dict, kind: type, **facts) -> Callable[[Callable], Callable]:
    def register(function: Callable) -> Callable:
        known[function.__name__] = kind(name=function.__name__, measure=function, **facts)
        return function

    return register


def behind(metrics: dict, name: str):
    """The formula and the backbone's name of `cmmd_clip`; None where the name has not this form."""
    for formula in metrics.values():
        prefix, label = f"{formula.name}_", name[len(formula.name) + 1 :]
        if name.startswith(prefix) and label:
            facts = {"name": name, "title": f"{formula.title} ({label})", "space": f"the config's backbone {label}"}
            return replace(formula, network=label, **facts)
    return None


def find(metrics: dict, name: str, what: str):
    """The entry called `name`, in capitals or not, with `-` or `_`; an unknown one is a `LacunaError` with a hint."""
    known = name.lower().replace("-", "_")
    if known not in metrics:
        raise LacunaError(f"there is no {what} '{name}': {suggest(known, metrics)}")
    return metrics[known]
