"""How much the samples of one hole differ from each other: what a system that draws offers to choose from."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from lacuna.backbones.fetching import at_hand
from lacuna.errors import LacunaError
from lacuna.metrics.facts import DIVERSITY
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.scoring import score_batch


def diversity(pictures: Sequence[np.ndarray], hole: np.ndarray, backbones: str | Path) -> float:
    """Mean over all pairs of the pictures of LPIPS (AlexNet) in the hole; 0 where all are the same.

    pictures: two or more composites, uint8 H×W×3. hole: bool H×W, True = hole, with a pixel at least. LPIPS in the hole
    is the mean of its map over the hole's pixels, as in all tables. backbones: the folder of `lpips_alex`.
    """
    metric = metric_by_name(DIVERSITY)
    distances: list[float] = []
    for position, first in enumerate(pictures[:-1]):
        others = np.stack(pictures[position + 1 :])[:, None]
        values = score_batch([metric], others, first[None], hole[None], backbones)[DIVERSITY]["hole"]
        distances += [float(value) for (value,) in values if value is not None]
    return float(np.mean(distances))


class Diversity:
    """How much the samples of one hole differ. Where it cannot be measured, `say` is told once."""

    def __init__(self, backbones: str | Path, say: Callable[[str], None]):
        self.backbones, self.say = backbones, say
        self.able: bool | None = None

    def of(self, pictures: Sequence[np.ndarray], hole: np.ndarray) -> float | None:
        """`diversity` of the pictures, or None."""
        if self.able is None:
            try:
                at_hand(DIVERSITY, self.backbones, self.say)
                self.able = True
            except LacunaError as error:
                self.say(f"the diversity of samples is left out: {error}")
                self.able = False
        if self.able and min(hole.shape) < metric_by_name(DIVERSITY).minimal_size:
            self.say(f"the diversity of samples is left out, because the smallest side is {min(hole.shape)} pixels")
            return None
        return diversity(pictures, hole, self.backbones) if self.able else None
