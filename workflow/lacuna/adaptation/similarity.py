"""How alike two pictures look in colour, texture and structure, of which one is known in part only.

Colour is the mean and deviation of RGB in 16 cells; texture is the mean and deviation of a shallow feature of VGG over
the whole picture; structure is a deeper one's mean in 4 cells. Where a picture is not known it is given one constant
colour, and only places that are known count, so that what lies there does not matter.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from torch import Tensor
from torch.nn import functional as F

from lacuna.data.images import read_image
from lacuna.data.tensors import image_tensor
from lacuna.errors import LacunaError
from lacuna.files import atomic
from lacuna.nn.imagenet import MEAN
from lacuna.nn.vgg import VGGFeatures

PARTS = ("colour", "texture", "structure")
NETWORK, TEXTURE, STRUCTURE = "vgg16", "relu2_2", "relu3_3"
_COLOUR_CELLS, _STRUCTURE_CELLS = 4, 2
_BATCH = 16


def load_backbone(folder: str | Path) -> VGGFeatures:
    """The network that pictures are described by; `folder` holds its weights."""
    return VGGFeatures(NETWORK, folder, (TEXTURE, STRUCTURE))


@torch.no_grad()
def describe(backbone: VGGFeatures, images: Tensor, known: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Part → (values N×D, weights N×D in [0, 1]) of images N×3×H×W in [0, 1] with known N×1×H×W, exactly 0 or 1."""
    images = images * known + images.new_tensor(MEAN).view(1, 3, 1, 1) * (1 - known)
    features = backbone(images)
    return {
        "colour": _moments(images, known, _COLOUR_CELLS),
        "texture": _moments(features[TEXTURE], _wholly_known(known, features[TEXTURE]), 1),
        "structure": _mean(features[STRUCTURE], _wholly_known(known, features[STRUCTURE]), _STRUCTURE_CELLS),
    }


def _wholly_known(known: Tensor, features: Tensor) -> Tensor:
    """1 where all that a feature's place and its neighbours stand for is known."""
    height, width = features.shape[-2:]
    unknown = (F.adaptive_avg_pool2d(known, (height, width)) < 1 - 1e-6).to(known.dtype)
    return 1 - F.max_pool2d(unknown, 3, 1, 1)


def _mean(maps: Tensor, known: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """Means N×(C·cells²) of maps N×C×H×W over what is known in each of cells×cells, and the known share there."""
    share = F.adaptive_avg_pool2d(known, cells)
    mean = F.adaptive_avg_pool2d(maps * known, cells) / share.clamp_min(1e-6)
    return mean.flatten(1), share.expand_as(mean).flatten(1)


def _moments(maps: Tensor, known: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """Means and standard deviations, one after the other, as in `_mean`."""
    mean, share = _mean(maps, known, cells)
    square, _ = _mean(maps.square(), known, cells)
    deviation = (square - mean.square()).clamp_min(0).sqrt()
    return torch.cat([mean, deviation], 1), torch.cat([share, share], 1)


@dataclass
class Descriptions:
    """What a pool's pictures look like. names: their files' names; parts: float32 N×D."""

    names: list[str]
    parts: dict[str, np.ndarray]
    backbone: VGGFeatures

    @classmethod
    def of(cls, paths: Sequence[str | Path], backbone: VGGFeatures) -> "Descriptions":
        """Computed from the pictures' files."""
        found: dict[str, list[np.ndarray]] = {}
        for images in _batches(paths):
            for part, (values, _) in describe(backbone, images, torch.ones_like(images[:, :1])).items():
                found.setdefault(part, []).append(values.numpy())
        return cls(
            [Path(path).name for path in paths], {part: np.concatenate(all_) for part, all_ in found.items()}, backbone
        )

    @classmethod
    def read(cls, path: str | Path, backbone: VGGFeatures) -> "Descriptions":
        """From a file that `write` made; any other is a `LacunaError`."""
        try:
            with safe_open(path, "numpy") as file:
                names = json.loads((file.metadata() or {})["names"])
                return cls(
                    names, {part: file.get_tensor(part) for part in ("colour", "texture", "structure")}, backbone
                )
        except Exception as error:  # safetensors raises types of its own
            raise LacunaError(f"{path} holds no descriptions of pictures ({error}); make it again") from None

    @classmethod
    def joined(cls, several: Sequence["Descriptions"]) -> "Descriptions":
        """Those of several sets, one after the other."""
        parts = {part: np.concatenate([each.parts[part] for each in several]) for part in PARTS}
        return cls([name for each in several for name in each.names], parts, several[0].backbone)

    def write(self, path: str | Path) -> None:
        """One file, whole or not at all."""
        with atomic(path) as partial:
            save_file(self.parts, partial, {"names": json.dumps(self.names)})

    def require(self, paths: Sequence[Path]) -> None:
        """That these are descriptions of `paths`, in their order, or a `LacunaError`."""
        if [path.name for path in paths] != self.names:
            raise LacunaError(
                f"the descriptions are of {len(self.names)} pictures that are not the {len(paths)} of the training "
                "source; make them again"
            )

    def distances(self, image: Tensor, known: Tensor) -> np.ndarray:
        """How unlike the known part of `image` (3×H×W, known 1×H×W) each picture is, N numbers; 0 for equal ones.

        A part's mean squared difference, weighted by how much of each cell is known, in units of its mean variance over
        the pool; the three parts are added.
        """
        total = np.zeros(len(self.names))
        for part, (values, weights) in describe(self.backbone, image[None].cpu(), known[None].cpu()).items():
            pool, values, weights = self.parts[part], values.numpy()[0], weights.numpy()[0]
            variance = max(float(pool.var(0).mean()), 1e-12)
            total += ((pool - values) ** 2 @ weights) / max(float(weights.sum()), 1e-6) / variance
        return total


def _batches(paths: Iterable[str | Path]) -> Iterable[Tensor]:
    """Images N×3×H×W of consecutive files of one size."""
    images = (image_tensor(read_image(path)).contiguous() for path in paths)
    for _, alike in groupby(images, lambda image: image.shape):
        while some := list(islice(alike, _BATCH)):
            yield torch.stack(some)
