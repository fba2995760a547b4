"""What is known about a metric besides its formula, and the registry that the decorator fills.

No numpy here: the names and facts can be asked for at every start of Snakemake.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

ARROWS = {"higher": "↑", "lower": "↓"}


@dataclass(frozen=True)
class Metric:
    """One per-image metric: its facts and the function that computes it.

    `measure(predictions, truths)` takes K predictions K×N×H×W×3 of the same truths N×H×W×3 (uint8 RGB, as stored on
    disk) and returns `(values, maps)`: the metric of each whole image (K×N) and the error or similarity of each pixel
    (K×N×H×W), or None instead of the maps where the metric has no local reading. The value of a region is
    `from_mean` of the map's mean over the region's pixels. Metrics with a `network` also take `backbones=`,
    the folder of pretrained weights. Where `reach` is given, a pixel of the map depends on the pixels so far around it
    alone, and the value of an image is `from_mean` of the map's mean without a `border` of so many pixels: then a
    large image can be measured part by part. Values are finite, for identical images too: a mean is never poisoned.
    """

    name: str
    title: str
    unit: str
    direction: Literal["higher", "lower"]
    range: tuple[float, float]
    space: str
    decimals: int
    note: str
    measure: Callable
    network: str | None = None
    from_mean: Callable[[float], float] = float
    reach: int | None = None
    border: int = 0

    @property
    def arrow(self) -> str:
        """↑ where higher is better, ↓ where lower is."""
        return ARROWS[self.direction]

    @property
    def label(self) -> str:
        """Title, unit and direction, for the head of a column or an axis."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{self.title}{unit} {self.arrow}"

    def is_better(self, value: float, other: float) -> bool:
        """Whether `value` is strictly better than `other`."""
        return value > other if self.direction == "higher" else value < other


METRICS: dict[str, Metric] = {}


def metric(**facts) -> Callable[[Callable], Callable]:
    """Register the decorated function as the metric of its own name, with these facts."""

    def register(function: Callable) -> Callable:
        METRICS[function.__name__] = Metric(name=function.__name__, measure=function, **facts)
        return function

    return register
