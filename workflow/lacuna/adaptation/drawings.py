"""Masks, augmentations and fills drawn on one picture: the thesis' figures 2.7, 3.2, 4.1, 4.3, 4.5 and 4.7.

What is drawn is what training gets. Pictures are 3×H×W in [0, 1],
masks 1×H×W with 1 = hole; each function writes one file.
"""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from skimage.segmentation import felzenszwalb
from torch import Tensor

from lacuna.adaptation import finetuning_masks
from lacuna.adaptation.experiments import Experiment, read_experiment
from lacuna.adaptation.fillers import OtherPhotographs
from lacuna.adaptation.samples import Batch, Sampler
from lacuna.data.compositing import composite
from lacuna.data.masks import boxes, strokes
from lacuna.errors import LacunaError
from lacuna.reporting.style import written_to

FINETUNING, USER = (0.94, 0.85, 0.15), (0.55, 0.55, 0.55)  # the print's yellow and grey
_WHITE = (1.0, 1.0, 1.0)

APPEARANCE: dict[str, dict] = {
    "crop": {"crop": 1},
    "brightness, darker": {"brightness": {"p": 1, "factor": 0.7}},
    "brightness, lighter": {"brightness": {"p": 1, "factor": 1.3}},
    "Gaussian blur": {"blur": 1},
    "Gaussian noise": {"noise": 1},
}
LOCATION: dict[str, dict] = {
    "left-right flip": {"flip": 1},
    "translation": {"translation": 1},
    "rotation by 90°, 180° or 270°": {"rotation_90": 1},
    "rotation by a multiple of 30°": {"rotation_30": 1},
    "shear": {"shear": 1},
}


def draw_kinds_of_masks(path: str | Path, image: Tensor, seed: int = 0) -> None:
    """Figure 2.7: the picture, and under a square, strokes, circles and ellipses, and one of its own segments."""
    rng, size = np.random.default_rng(seed), (image.shape[2], image.shape[1])
    fewest, most = (round(share * size[0] * size[1]) for share in (0.1, 0.2))
    kinds = {
        "square": boxes.draw(rng, size, fewest, most, boxes.Options(aspect=1.0)),
        "strokes": strokes.draw(rng, size, fewest, most, strokes.Options()),
        "circles and ellipses": _ellipses(rng, size, fewest),
        "segmentation": _object(image),
    }
    panels = {"original": image}
    for name, mask in kinds.items():
        if mask is None:
            raise LacunaError(f"the picture has no room for a mask of the kind '{name}'; use a larger picture")
        panels[name] = _coloured(image, torch.from_numpy(mask > 0)[None], _WHITE)
    _write(path, panels)


def draw_regions(path: str | Path, image: Tensor, user: Tensor, seed: int = 0) -> None:
    """Figure 3.2: U; F' as it was drawn; F, what is left of it outside U'; F over U with the rim between them."""
    masks, hole = Experiment().masks, user[0].numpy() > 0
    shut = finetuning_masks.dilated(hole, masks.dilation)
    limits = finetuning_masks.pixel_limits(masks, hole.shape)
    found = finetuning_masks.draw_whole_strokes(np.random.default_rng(seed), shut, *limits)
    if found is None:
        raise LacunaError("the user's mask leaves no room for a finetuning mask to draw; use a smaller hole")
    whole, finetuning = (torch.from_numpy(mask)[None].to(image) for mask in (found, found & ~shut))
    panels = {
        "user mask U": user.expand(3, -1, -1),
        "sampled mask F′": whole.expand(3, -1, -1),
        "finetuning mask F = F′ \\ U′": finetuning.expand(3, -1, -1),
        "F (yellow) over U (grey)": _regions(image, finetuning, user),
    }
    _write(path, panels)


def draw_full_image_masks(path: str | Path, image: Tensor, user: Tensor, seed: int = 0) -> None:
    """Figure 4.1: the masks of one batch, which together hide all that is known but the rim."""
    batch = Sampler(image, user, read_experiment({"masks": {"kind": "full_image"}}), seed).batch(0)
    _write(path, {f"sample {i + 1}": _regions(image, hole, user) for i, hole in enumerate(batch.hole)})


def draw_augmentations(
    path: str | Path, image: Tensor, user: Tensor, augmentations: Mapping[str, Mapping], seed: int = 0
) -> None:
    """Figures 4.3 (`APPEARANCE`) and 4.5 (`LOCATION`): each on the picture, the outlines of F and U moved along."""
    panels = {"original": _sample(image, user, {}, seed)}
    for name, settings in augmentations.items():
        panels[name] = _sample(image, user, settings, seed)
    _write(path, panels)


def draw_fills(
    path: str | Path,
    image: Tensor,
    user: Tensor,
    pool: OtherPhotographs,
    prediction: Tensor,
    fills: Mapping[str, str] | None = None,
    seed: int = 0,
) -> None:
    """Figure 4.7: what the user's hole may be filled with. fills: title → fill; prediction: the network's, 3×H×W."""
    fills = fills or {
        "random pixels": "random_pixels",
        "black pixels": "black",
        "random picture": "random_image",
        "coarse approximation": "current_prediction",
    }
    panels = {"user's picture": _coloured(image, user > 0, _WHITE)}
    for title, fill in fills.items():
        panels[title] = Sampler(image, user, Experiment(fill=fill), seed, pool).batch(0, prediction).picture[0]
    _write(path, panels)


# ---------------------------------------------------------------------- parts


def _ellipses(rng: np.random.Generator, size: tuple[int, int], fewest: int) -> np.ndarray:
    """Filled circles and ellipses at random until they cover `fewest` pixels; uint8 H×W, 255 = hole."""
    mask = np.zeros(size[::-1], np.uint8)
    while cv2.countNonZero(mask) < fewest:
        axes = rng.uniform(0.03, 0.12, 2) * min(size)
        if rng.random() < 0.5:
            axes[1] = axes[0]
        centre = [int(rng.integers(side)) for side in size]
        cv2.ellipse(mask, centre, [round(axis) for axis in axes], float(rng.uniform(0, 180)), 0, 360, 255, -1)
    return mask


def _object(image: Tensor) -> np.ndarray:
    """The segment of the picture that is most likely an object, bool H×W: large, and seldom at the picture's border."""
    pixels = image[0].numel()
    segments = felzenszwalb(image.permute(1, 2, 0).numpy(), scale=300, sigma=0.8, min_size=pixels // 100)
    border = np.concatenate([segments[[0, -1]].ravel(), segments[:, [0, -1]].ravel()])
    areas, at_border = (np.bincount(values, minlength=segments.max() + 1) for values in (segments.ravel(), border))
    score = np.where(areas < 0.4 * pixels, np.sqrt(areas) - at_border, -np.inf)
    return segments == score.argmax()


def _sample(image: Tensor, user: Tensor, augment: Mapping, seed: int) -> Tensor:
    """A sample to which something was done, one with empty pixels if there is any, with outlines of its masks."""
    experiment = read_experiment({"augment": dict(augment), "fill": "grey"})
    sampler = Sampler(image, user, experiment, seed)
    still = Sampler(image, user, read_experiment({"fill": "grey"}), seed).batch(0).picture[0]
    batches = [sampler.batch(step) for step in range(8)]
    samples = [(batch, i) for batch in batches for i in range(len(batch.picture))]
    changed = [(batch, i) for batch, i in samples if not torch.equal(batch.picture[i], still)]
    empty = [(batch, i) for batch, i in changed if (batch.known[i] + batch.user[i] == 0).any()]
    batch, i = (empty or changed or samples)[0]
    return _outlined(batch, i)


def _outlined(batch: Batch, i: int) -> Tensor:
    picture = batch.picture[i]
    for mask, colour in ((batch.user[i], USER), (batch.hole[i], FINETUNING)):
        inner = 1 - torch.nn.functional.max_pool2d(1 - mask, 3, 1, 1)
        picture = _coloured(picture, mask > inner, colour)
    return picture


def _regions(image: Tensor, finetuning: Tensor, user: Tensor) -> Tensor:
    return _coloured(_coloured(image, user > 0, USER), finetuning > 0, FINETUNING)


def _coloured(image: Tensor, where: Tensor, colour: tuple[float, float, float]) -> Tensor:
    return composite(image.new_tensor(colour).view(3, 1, 1), image, where.to(image.dtype))


def _write(path: str | Path, panels: Mapping[str, Tensor]) -> None:
    """The panels in one row, each under its letter and title."""
    height, width = next(iter(panels.values())).shape[-2:]
    figsize = (2.6 * len(panels), 2.6 * height / width + 0.4)
    with written_to(path, ncols=len(panels), figsize=figsize, squeeze=False, layout="constrained") as (_, axes):
        for letter, axis, (title, picture) in zip("abcdefgh", axes[0], panels.items(), strict=False):
            axis.imshow(picture.permute(1, 2, 0).clamp(0, 1).numpy(), interpolation="nearest")
            axis.set_title(f"({letter}) {title}", fontsize=9)
            axis.set_axis_off()
