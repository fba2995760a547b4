"""What a PSNR of 8 dB can and cannot mean: known mistakes, made on purpose with known predictions.

Every case scores pictures that are perfect, or trivial, after one mistake that evaluation code really makes. The
photographs come with Python packages and the masks are Lacuna's brush strokes, so anybody gets the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from lacuna.canonical import seed_of
from lacuna.data.compositing import composite
from lacuna.data.crops import centre_crop
from lacuna.data.image_sources.package import photographs_of_packages
from lacuna.data.masks.strokes import Options, draw
from lacuna.metrics.per_image.psnr import decibels, psnr

SIDE = 256
PHOTOGRAPHS = (
    *(f"skimage:data/{name}" for name in ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")),
    *(f"skimage:data/{name}" for name in ("motorcycle_left.png", "camera.png", "coins.png", "gravel.png")),
    *("skimage:data/grass.png", "skimage:data/brick.png", "skimage:data/hubble_deep_field.jpg"),
    *("sklearn:datasets/images/china.jpg", "sklearn:datasets/images/flower.jpg"),
    "matplotlib:mpl-data/sample_data/grace_hopper.jpg",
)
COVERAGE = (0.05, 0.5)
GREY = 128


@dataclass(frozen=True)
class Case:
    """A mistake: how it is called, what it makes of truths and masks, what gives it away, and what prevents it here."""

    name: str
    title: str
    picture: Callable[[np.ndarray, np.ndarray], np.ndarray]
    sign: str
    here: str


def photographs() -> np.ndarray:
    """uint8 N×256×256×3: the largest centred square of every photograph, resized by Lanczos."""
    pictures = []
    found = photographs_of_packages([*PHOTOGRAPHS])
    for origin in found.origins():
        picture, _ = found.read(origin.place)
        crop = centre_crop(picture.size, (SIDE, SIDE))
        box = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
        pictures.append(np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=box).convert("RGB")))
    return np.stack(pictures)


def masks(number: int) -> np.ndarray:
    """uint8 N×256×256×1, 1 = hole: brush strokes whose coverages are spread evenly over `COVERAGE`."""
    ends = [int(end) for end in np.linspace(*COVERAGE, number + 1) * SIDE * SIDE]
    drawn = []
    for i in range(number):
        random = np.random.default_rng(seed_of("diagnosis", i))
        found = draw(random, (SIDE, SIDE), ends[i], ends[i + 1], Options())
        assert found is not None, f"no strokes cover {ends[i]} to {ends[i + 1]} pixels"
        drawn.append(found[..., None] // 255)
    return np.stack(drawn)


def _filled(truths: np.ndarray, holes: np.ndarray, colours) -> np.ndarray:
    return np.where(holes == 1, np.uint8(colours), truths)


def _means(truths: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The mean colour of what is valid (1), N×1×1×3."""
    return (truths * valid).sum((1, 2), keepdims=True) / valid.sum((1, 2), keepdims=True)


def _three_a_picture(truths: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """What is compared with truth k where composite, masked input and prediction of each lie in one sorted folder."""
    masked = _filled(truths, holes, 255)
    folder = np.stack([truths, masked, truths], 1).reshape(-1, *truths.shape[1:])
    return folder[: len(truths)]


CASES = (
    Case("perfect", "a perfect prediction", lambda t, m: t, "–", "–"),
    Case(
        "mispaired",
        "perfect, but three files of each image lie in the folder and sorted lists are zipped",
        _three_a_picture,
        "a few images are perfect, all others are other photographs",
        "pairs are written in a list and found by name; lists of other lengths are refused",
    ),
    Case(
        "shifted",
        "perfect, but every prediction is compared with the next image",
        lambda t, m: np.roll(t, 1, axis=0),
        "bad inside and outside the hole alike",
        "as above",
    ),
    Case(
        "range",
        "perfect in [−1, 1], saved as if in [0, 1]",
        lambda t, m: np.clip(np.round(t / 127.5 * 255.0 - 255.0), 0, 255).astype(np.uint8),
        "the dark half of all values is black",
        "a system returns [0, 1], checked by the contract test",
    ),
    Case(
        "range_back",
        "perfect in [0, 1], rescaled as if in [−1, 1]",
        lambda t, m: np.round((t / 255.0 + 1) / 2 * 255).astype(np.uint8),
        "pale: nothing is darker than middle grey",
        "as above",
    ),
    Case(
        "unscaled",
        "perfect in [0, 1], saved without times 255",
        lambda t, m: np.round(t / 255.0).astype(np.uint8),
        "black pictures",
        "as above",
    ),
    Case(
        "bgr",
        "perfect, but blue and red exchanged (OpenCV)",
        lambda t, m: t[..., ::-1],
        "grey pictures are perfect, coloured ones are not",
        "colours are decoded in one place, as RGB",
    ),
    Case(
        "inverted",
        "grey in the hole of an inverted mask: what was valid is filled, the hole keeps the truth",
        lambda t, m: _filled(t, 1 - m, GREY),
        "perfect in the hole, bad outside: no composite can do this",
        "1 = hole everywhere; a mask set that looks inverted is warned of",
    ),
    Case(
        "masked_white",
        "the masked input itself, hole white",
        lambda t, m: _filled(t, m, 255),
        "perfect outside the hole",
        "compared with every system as a control",
    ),
    Case(
        "masked_black",
        "the masked input itself, hole black",
        lambda t, m: _filled(t, m, 0),
        "perfect outside the hole",
        "as above",
    ),
    Case(
        "mean_fill",
        "the hole filled with the mean colour of what is valid",
        lambda t, m: _filled(t, m, np.round(_means(t, 1 - m))),
        "perfect outside the hole",
        "a system worse than this is warned of",
    ),
    Case("grey", "middle grey everywhere, hole and valid", lambda t, m: np.full_like(t, GREY), "one colour", "–"),
    Case("black", "black everywhere", lambda t, m: np.zeros_like(t), "one colour", "–"),
    Case("white", "white everywhere", lambda t, m: np.full_like(t, 255), "one colour", "–"),
)


def scores(case: Case, truths: np.ndarray, holes: np.ndarray) -> dict[str, np.ndarray]:
    """PSNR in dB of every picture: `image` as it was scored, `hole`, `valid`, and `composite` (whole image).

    The composite is laid over the right image with the right mask: what a correct evaluation would have shown.
    """
    pictures = case.picture(truths, holes)
    joined = np.stack([composite(*three) for three in zip(pictures, truths, holes, strict=True)])
    values, maps = psnr(np.stack([pictures, joined]), truths)
    inside = holes[..., 0] == 1
    parts = {
        name: np.array([_decibels(each[where]) for each, where in zip(maps[0], region, strict=True)])
        for name, region in (("hole", inside), ("valid", ~inside))
    }
    return {"image": values[0], **parts, "composite": values[1]}


def _decibels(squares: np.ndarray) -> float:
    return decibels(float(squares.mean()))


def diagnose() -> dict[str, dict[str, np.ndarray]]:
    """`scores` of all cases, by name."""
    truths = photographs()
    holes = masks(len(truths))
    return {case.name: scores(case, truths, holes) for case in CASES}
