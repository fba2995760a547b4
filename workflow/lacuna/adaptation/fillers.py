"""What training shows in the user's hole, where there is no truth."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lacuna.adaptation.experiments import FROM_POOL, Experiment
from lacuna.adaptation.similarity import Descriptions
from lacuna.data.images import read_image
from lacuna.data.indexes import read_index
from lacuna.data.photographs import photographs_of
from lacuna.data.tensors import image_tensor
from lacuna.errors import LacunaError

_KEPT = 256  # decoded pictures that stay in memory: 200 MB of 256×256 pixels


class Pool:
    """The pictures of a training source, by their paths, and what is known of their looks.

    The photograph that each was cut from is in the `index.csv` beside them. Errors: as in `photographs_of`; a
    `LacunaError` where `descriptions` are of other pictures.
    """

    def __init__(self, paths: Sequence[str | Path], descriptions: Descriptions | None = None):
        self.paths = [Path(path) for path in paths]
        self.photographs = np.array(photographs_of(self.paths), dtype=object)
        self.descriptions = descriptions
        self.picture = lru_cache(_KEPT)(self._picture)
        if descriptions is not None:
            descriptions.require(self.paths)

    def _picture(self, number: int, size: tuple[int, int]) -> Tensor:
        """A picture, 3×H×W in [0, 1], enlarged or reduced to cover `size` and cut in the middle; not to be changed."""
        values = image_tensor(read_image(self.paths[number]))[None].contiguous()
        return covering(values, size)[0]

    def without(self, photograph: str) -> "OtherPhotographs":
        """The pictures that were not cut from `photograph` (as `photographs_of` names it); none is a `LacunaError`."""
        kept = np.flatnonzero(self.photographs != photograph)
        if not len(kept):
            raise LacunaError(
                "the training source holds no picture of another photograph than the one that is adapted to; "
                "choose a fill that needs no pictures, such as random_pixels"
            )
        return OtherPhotographs(self, kept)


def staged(indexes: Sequence[str | Path]) -> list[Path]:
    """The pictures that staging listed in each `index.csv`, one set after the other."""
    return [Path(index).parent / row["file"] for index in indexes for row in read_index(index, "file")]


class OtherPhotographs:
    """The pictures of a pool that a certain picture's hole may be filled with: those of all other photographs."""

    def __init__(self, pool: Pool, kept: np.ndarray):
        self.pool, self.kept = pool, kept

    def most_similar(self, image: Tensor, user: Tensor, count: int) -> np.ndarray:
        """Numbers in the pool of the `count` pictures most similar to the known part of `image`, best first.

        image: 3×H×W in [0, 1]; user: 1×H×W, 1 = hole: what lies there does not matter. Without descriptions of the
        pool, a `LacunaError`.
        """
        if self.pool.descriptions is None:
            raise LacunaError(
                "the fill similar_image needs descriptions of the training source's pictures; make them first"
            )
        distances = self.pool.descriptions.distances(image, 1 - user)[self.kept]
        return self.kept[np.argsort(distances, kind="stable")[:count]]


def covering(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures N×C×h×w brought to `size` (H, W): the smallest that covers it, of which the middle is kept."""
    have = tuple(pictures.shape[-2:])
    scale = max(wanted / there for wanted, there in zip(size, have, strict=True))
    if scale != 1:
        inner = [max(wanted, round(there * scale)) for wanted, there in zip(size, have, strict=True)]
        pictures = F.interpolate(pictures, inner, mode="bilinear", antialias=True).clamp(0, 1)
    top, left = ((there - wanted) // 2 for there, wanted in zip(pictures.shape[-2:], size, strict=True))
    return pictures[..., top : top + size[0], left : left + size[1]]


class Filler:
    """Draws what lies in the hole of a sample. The picture itself is looked at outside the hole alone.

    image: 3×H×W in [0, 1]; user: 1×H×W, 1 = hole. Errors: a `LacunaError` where the experiment fills from pictures of
    the training source and `pool` is None or has no descriptions.
    """

    def __init__(self, experiment: Experiment, image: Tensor, user: Tensor, pool: OtherPhotographs | None):
        self.kind, self.size, self.others = experiment.fill, tuple(image.shape[-2:]), pool
        if self.kind in FROM_POOL:
            if pool is None:
                raise LacunaError(f"the fill {self.kind} needs pictures of the training source; give some")
            similar = self.kind == "similar_image"
            self.among = pool.most_similar(image, user, experiment.similar_among) if similar else pool.kept

    def draw(self, rng: np.random.Generator, prediction: Tensor | None) -> Tensor:
        """3×H×W in [0, 1]. prediction: the network's raw one for the picture, for the fill `current_prediction`."""
        if self.kind == "random_pixels":
            return torch.from_numpy(rng.random((3, *self.size), dtype=np.float32))
        if self.kind in FROM_POOL and self.others is not None:
            return self.others.pool.picture(int(self.among[rng.integers(len(self.among))]), self.size)
        if self.kind == "current_prediction":
            if prediction is None:
                raise ValueError("the fill current_prediction needs the current prediction of the picture")
            return prediction.detach().reshape(3, *self.size).clamp(0, 1)
        return torch.full((3, *self.size), {"black": 0.0, "grey": 0.5}[self.kind])
