"""Augmentations of a picture with its two masks: what is drawn for a sample, and how it is applied to a batch.

Appearance first (brightness, blur, noise: the picture alone), then location (crop, flip, translation, rotation, shear:
the masks as well), each in the order that the thesis names them in its combinations.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lacuna.adaptation import geometry
from lacuna.adaptation.experiments import Augment, Crop

NAMES = ("brightness", "blur", "noise", "crop", "flip", "translation", "rotation_90", "rotation_30", "shear")
_SMALLEST_KERNEL = 3  # below it nothing is blurred


@dataclass(frozen=True)
class Augmentation:
    """What happens to one sample.

    brightness: factor. kernel: the blur's window in pixels, 0 for none, and its sigma in pixels. noise: deviation.
    source: where the pixels come from (see `geometry`). cropped: whether `source` shows a window of the picture.
    """

    brightness: float
    kernel: int
    sigma: float
    noise: float
    source: np.ndarray
    cropped: bool


def draw(
    augment: Augment, rng: np.random.Generator, user: np.ndarray, finetuning: np.ndarray | None, fewest: int
) -> Augmentation:
    """What happens to a sample whose user mask and finetuning mask are `user` and `finetuning`, bool H×W.

    finetuning: None if that mask is drawn afterwards, with at least `fewest` pixels; a crop then leaves room for it.
    A crop is chosen among all windows that are acceptable; where there is none, the picture is not cropped.
    """
    names, side = applied(augment, rng), min(user.shape)
    brightness, kernel, sigma = 1.0, 0, 0.0
    if "brightness" in names:
        brightness = rng.uniform(*augment.brightness.factor)
    if "blur" in names:
        low, high = (max(_SMALLEST_KERNEL, round(share * side)) for share in augment.blur.kernel)
        kernel = int(rng.integers(low, high, endpoint=True))
        sigma = rng.uniform(*augment.blur.sigma) * side

    source = geometry.unmoved(user.shape)
    window = draw_window(augment.crop, rng, user, finetuning, fewest) if "crop" in names else None
    if window is not None:
        source = geometry.cropped(source, *window)
    if "flip" in names:
        kinds = list(augment.flip.kinds)
        first = kinds.pop(int(rng.integers(len(kinds))))
        others = [kind for kind in kinds if rng.random() < augment.flip.both]
        for kind in (first, *others):
            source = geometry.flipped(source, kind)
    if "translation" in names and window is None:
        reach = _pixels(augment.translation.reach, side)
        down, right = rng.integers(-reach, reach, size=2, endpoint=True).tolist()
        source = geometry.shifted(source, down, right, border=source)
    if "rotation_90" in names:
        source = geometry.rotated(source, 90 * int(rng.integers(4)))
    if "rotation_30" in names:
        source = geometry.rotated(source, 30 * int(rng.integers(1, 12)))
    if "shear" in names:
        source = geometry.sheared(source, *rng.uniform(-augment.shear.reach, augment.shear.reach, 2))
    noise = augment.noise.sigma if "noise" in names else 0.0
    return Augmentation(brightness, kernel, sigma, noise, source, window is not None)


def applied(augment: Augment, rng: np.random.Generator) -> set[str]:
    """The names of what is applied to a sample, by the probabilities alone."""
    if rng.random() >= augment.outer:
        return set()
    names = {name for name in NAMES if rng.random() < getattr(augment, name).p}
    if rng.random() < augment.one_of.p:
        names.add(augment.one_of.of[int(rng.integers(len(augment.one_of.of)))])
    return names


def draw_window(
    crop: Crop, rng: np.random.Generator, user: np.ndarray, finetuning: np.ndarray | None, fewest: int
) -> tuple[int, int, int, int] | None:
    """(top, left, height, width) of an acceptable window, all of them equally likely; None if there is none.

    That is the law of drawing windows until one is acceptable, without a limit to the draws.
    """
    height, width = (max(1, round(crop.side * whole)) for whole in user.shape)
    area = height * width
    hidden = _sums(user, height, width)
    if finetuning is None:
        acceptable = hidden + fewest * area / user.size < crop.greatest_holes * area
    else:
        alone = _sums(finetuning, height, width)
        acceptable = (alone > crop.least_finetuning * area) & (alone + hidden < crop.greatest_holes * area)
    places = np.flatnonzero(acceptable)
    if not len(places):
        return None
    top, left = divmod(int(places[rng.integers(len(places))]), acceptable.shape[1])
    return top, left, height, width


def _sums(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """How many pixels every window of that size covers, by the place of its corner."""
    table = np.pad(mask.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return table[height:, width:] - table[:-height, width:] - table[height:, :-width] + table[:-height, :-width]


def _pixels(share: float, side: int) -> int:
    """A length in whole pixels, at least one unless it is nothing at all."""
    return max(1, round(share * side)) if share else 0


# ---------------------------------------------------------------------- applying


def appearance(
    pictures: Tensor, user: Tensor, drawn: Sequence[Augmentation], rngs: Sequence[np.random.Generator]
) -> Tensor:
    """Brightness, blur and noise of pictures B×3×H×W in [0, 1], of which `user` (B×1×H×W, 1 = hole) is not known.

    The blur of a known pixel takes known ones alone, so that nothing of what fills the hole spreads from it. After the
    noise, values are cut to [0, 1] again, as pictures have them.
    """
    factor = torch.tensor([each.brightness for each in drawn], dtype=pictures.dtype, device=pictures.device)
    pictures = (pictures * factor.view(-1, 1, 1, 1)).clamp(0, 1)
    blurred = [i for i, each in enumerate(drawn) if each.kernel]
    if blurred:
        known = 1 - user[blurred]
        kernels = [(drawn[i].kernel, drawn[i].sigma) for i in blurred]
        smooth = _blur(torch.cat([pictures[blurred] * known, pictures[blurred], known], 1), kernels)
        outside, inside, share = smooth.split([3, 3, 1], 1)
        pictures = pictures.clone()
        pictures[blurred] = torch.where(known > 0, outside / share.clamp_min(1e-12), inside).clamp(0, 1)
    for i, each in enumerate(drawn):
        if each.noise:
            noise = rngs[i].normal(0, each.noise, tuple(pictures.shape[1:])).astype(np.float32)
            pictures[i] = (pictures[i] + torch.from_numpy(noise).to(pictures)).clamp(0, 1)
    return pictures


def _blur(maps: Tensor, kernels: Sequence[tuple[int, float]]) -> Tensor:
    """Maps B×C×H×W, each sample by its own normalised Gaussian (window, sigma); the border is reflected.

    A window of an even size has one pixel more on the left and above.
    """
    widest = max(kernel for kernel, _ in kernels)
    radius = widest // 2
    weights = torch.zeros(len(kernels), 2 * radius + 1, dtype=torch.float64)
    for row, (kernel, sigma) in zip(weights, kernels, strict=True):
        offsets = torch.arange(kernel) - kernel // 2
        row[offsets + radius] = torch.exp(-(offsets.double() ** 2) / (2 * sigma**2))
    weights = (weights / weights.sum(1, keepdim=True)).to(maps)
    for axis in (2, 3):
        around = (0, 0, radius, radius) if axis == 2 else (radius, radius, 0, 0)
        padded, whole = F.pad(maps, around, mode="reflect"), maps.shape[axis]
        taps = (padded.narrow(axis, i, whole) * weights[:, i].view(-1, 1, 1, 1) for i in range(2 * radius + 1))
        total: Any = sum(taps)
        maps = total
    return maps


def sources_of(drawn: Sequence[Augmentation], device: torch.device) -> Tensor:
    """The maps of a batch, B×H×W."""
    return torch.from_numpy(np.stack([each.source for each in drawn])).to(device)


def largest_finetuning(crop: Crop, user: np.ndarray) -> int:
    """Most pixels that a mask drawn in an accepted window may cover, whose user mask is `user`."""
    return int(math.ceil(crop.greatest_holes * user.size) - 1 - np.count_nonzero(user))
