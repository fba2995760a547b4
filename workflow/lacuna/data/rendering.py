"""From one photograph to its finished images, as bytes."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from lacuna.canonical import seed_of
from lacuna.data.colours import recoloured
from lacuna.data.crops import Crop, centre_crop, random_crop
from lacuna.data.decoding import UNREADABLE
from lacuna.data.forking import in_order
from lacuna.data.origins import Origin, cores
from lacuna.data.sizes import width_and_height


class Rendered(NamedTuple):
    """The images made from one photograph."""

    crops: list[Crop]
    pngs: list[bytes]
    transparent: bool
    """Whether any of its pixels was not opaque; the alpha was dropped."""


def rendered(
    settings: dict, read: Callable, jobs: Iterable[tuple[Origin, range]], threads: int | None = None
) -> Iterator[tuple[Origin, range, Rendered | str]]:
    """For each origin and the numbers of its crops: the images, or the reason why it cannot be read. In order.

    read: as `Photographs.read`. threads: as many as there are cores for us, if none are given. What comes out does not
    depend on their number.
    """

    def render(job: tuple[Origin, range]) -> Rendered | str:
        return _render(settings, read, *job)

    for (origin, numbers), result in in_order(render, jobs, threads or cores()):
        yield origin, numbers, result


def _render(settings: dict, read: Callable, origin: Origin, numbers: range) -> Rendered | str:
    if not numbers:
        return Rendered([], [], False)
    try:
        photograph, transparent = read(origin.place)
    except UNREADABLE as error:
        return f"{type(error).__name__}: {error}"
    crops = [_crop(settings, origin, photograph.size, k) for k in numbers]
    pngs = [_png(settings, origin, photograph, crop, k) for k, crop in zip(numbers, crops, strict=True)]
    return Rendered(crops, pngs, transparent)


def _crop(settings: dict, origin: Origin, photograph: tuple[int, int], k: int) -> Crop:
    """Crop number `k` of an origin; its position depends on the seed, the set's name, the content and `k` alone."""
    size = width_and_height(settings["image_size"])
    if settings["crop"] == "center":
        return centre_crop(photograph, size)
    rng = np.random.default_rng(seed_of(settings["seed"], settings["name"], origin.sha256, k))
    return random_crop(photograph, size, settings["crop_scale"], rng)


def _png(settings: dict, origin: Origin, photograph: Image.Image, crop: Crop, k: int) -> bytes:
    """Crop number `k`, resized; its colours, like its position, depend on the seed, name, content and `k` alone."""
    box = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
    image = photograph.resize(width_and_height(settings["image_size"]), Image.Resampling.LANCZOS, box=box)
    if strength := settings.get("recolour"):
        rng = np.random.default_rng(seed_of(settings["seed"], settings["name"], origin.sha256, k, "colours"))
        image = Image.fromarray(recoloured(np.asarray(image), strength, rng))
    stream = io.BytesIO()
    # without the photograph's colour profile, which was not applied: predictions have none to be shown with either
    image.save(stream, "PNG", compress_level=3, icc_profile=None)
    return stream.getvalue()
