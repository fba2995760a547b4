"""The contract of systems without a network. No torch here: they start fast and change with no deep system."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from lacuna.errors import LacunaError
from lacuna.systems._drawing import Drawing
from lacuna.systems._facts import Facts, make_recipe


@dataclasses.dataclass(frozen=True)
class NoSettings:
    """The recipe of a system that has nothing to set."""


class Classical(Drawing):
    """An algorithm that fills one picture at a time. A subclass has `facts`, `Recipe` and `fill`."""

    facts: ClassVar[Facts]
    Recipe: ClassVar[type] = NoSettings
    small: ClassVar[dict] = {}
    forms: ClassVar[dict[str, dict]] = {}
    network = None
    discriminator = None

    def __init__(self, **settings):
        self.recipe = make_recipe(self.Recipe, settings, self.facts.name)

    @classmethod
    def backbones(cls, recipe) -> tuple[str, ...]:
        """Names of the pretrained networks that training needs: none."""
        return ()

    def draw_from(self, seed: int) -> None:
        """Draw from this seed from here on; an algorithm that draws nothing does as always."""

    def fill(self, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """uint8 H×W×3 (zero under the hole) and bool H×W, True = hole and not everywhere → uint8 H×W×3."""
        raise NotImplementedError

    def load_released(self, mapping_or_path, part: str = "network") -> None:
        """Always a `LacunaError`: there is nothing to load."""
        raise LacunaError(f"system '{self.facts.name}' has no weights; leave them out")

    def prepare(self, weights: str | Path | None = None, device: str = "cpu", threads: int = 2, seed: int = 0) -> str:
        """Get ready to predict; returns the device in words. Weights are a `LacunaError`."""
        if weights is not None:
            self.load_released(weights)
        self.draw_from(seed)
        return "cpu"

    def predict_arrays(self, images: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Raw predictions, uint8 H×W×3, of uint8 H×W×3 RGB images under bool H×W masks, True = hole.

        What lies under the hole is removed before the algorithm sees it. Where nothing is known the result is mid-grey.
        """
        predictions = []
        for image, mask in zip(images, masks, strict=True):
            if mask.all():
                predictions.append(np.full_like(image, 128))
            elif not mask.any():
                predictions.append(image.copy())
            else:
                predictions.append(self.fill(np.where(mask[..., None], np.uint8(0), image), mask))
        return predictions
