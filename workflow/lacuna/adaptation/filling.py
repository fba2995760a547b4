"""Somebody's picture, completed by a network that learned on from it: `lacuna adapt` and `Model.adapt`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from lacuna.adaptation.adapting import Adapted, adapt, require_adaptable
from lacuna.adaptation.choice import Choice, choose, hold_out
from lacuna.adaptation.learning import load_parts, needs_discriminator
from lacuna.adaptation.similarity import Descriptions, load_backbone
from lacuna.canonical import digest, seed_of
from lacuna.data.fingerprint import matching_files
from lacuna.data.image_sources.package import photographs_of_packages
from lacuna.data.images import read_image
from lacuna.data.tensors import image_tensor, mask_tensor, pictures_of
from lacuna.errors import LacunaError
from lacuna.inpainting.pictures import Picture
from lacuna.inpainting.tiles import Window, parts
from lacuna.training.state import read_parts

KEEP = ("auto", "always", "never")
BACKBONES = "results/backbones"
STATE = "training_state.safetensors"  # beside the weights: what else training taught
# Photographs of other things than people, as large as they come with the packages that Lacuna needs.
EMBEDDED = ("skimage:data/motorcycle_left.png", "skimage:data/chelsea.png", "skimage:data/coffee.png")
PANELS = 8  # pictures of a strip at most
PANEL = 192  # pixels of a panel's longer side
CAPTION = 16  # pixels below a panel


@dataclass
class AdaptedPicture:
    """picture: completed. choice: whether the adapted network did it, and after how many steps. adapted: what it
    learned, None where nothing had to be adapted. window: the part of the picture that was learned from.
    """

    picture: Picture
    choice: Choice
    adapted: Adapted | None
    window: Window

    def strip(self, before: Picture, hole: np.ndarray) -> Image.Image:
        """The window with its hole, and how it was completed after more and more steps, side by side."""
        assert self.adapted, "nothing was adapted, so there are no steps to show"
        seen, unknown = before.rgb[self.window.slices], hole[self.window.slices]
        panels = [("input", np.where(unknown[..., None], 255, seen))]
        steps = sorted(self.adapted.predictions)
        places = np.linspace(0, len(steps) - 1, min(PANELS, len(steps))).round().astype(int)
        for step in sorted({steps[place] for place in places} | {self.choice.step}):
            made = np.where(unknown[..., None], pictures_of(self.adapted.predictions[step]), seen)
            panels.append((f"step {step}{', kept' * (step == self.choice.step)}", made))
        return _side_by_side(panels)


def adapt_picture(
    model,
    picture: Picture,
    hole: np.ndarray,
    experiment="combination_I",
    keep: str = "auto",
    *,
    pool: str | Path | None = None,
    backbones: str | Path = BACKBONES,
    discriminator: str | Path | None = None,
    losses: str | None = None,
    differences: dict | None = None,
    tile: int | None = None,
    overlap: int | None = None,
    every_step: bool = False,
    progress: Callable[[int, int], None] = lambda step, of: None,
) -> AdaptedPicture:
    """The picture with its hole, bool H×W, filled by an adapted copy of the model's network, or by the network itself.

    experiment, keep: as of `Model.adapt`. pool: a folder of pictures that may fill the hole in training, best those
    that the network was trained on; None: three photographs that come with scikit-image. backbones: the folder of
    pretrained networks. discriminator: its weights in the authors' key names; None: those of the training's state
    beside the network's weights. losses: `thesis`, `own` or None. differences: settings of the experiment to change.
    tile, overlap: as of `Model.fill`; of a picture that is larger than a tile, the tile with the largest part of the
    hole is learned from. every_step: adapt even if the result is not kept. progress: called with the steps done and
    their number. What cannot be done is a `LacunaError`.
    """
    if keep not in KEEP:
        raise LacunaError(f"whether to keep an adaptation is one of {', '.join(KEEP)}, not '{keep}'")
    system = model.system
    if system is None:
        raise LacunaError(
            f"'{model.name}' is an exported graph, which cannot learn; give the weights that it was made of"
        )
    experiment = _experiment(experiment, differences)
    require_adaptable(system, experiment)
    window = _window(hole, model.tile if tile is None else (tile, tile) if tile else None, overlap)
    if keep == "never" and not every_step:
        filled = model.fill(picture, hole, tile=tile, overlap=overlap)
        return AdaptedPicture(filled, Choice(False, 0, {}), None, window)
    _make_ready(system, experiment, model.weights, backbones, discriminator)
    seen, unknown = picture.rgb[window.slices], hole[window.slices]
    image = image_tensor(seen.copy())
    mask = mask_tensor(unknown.copy())
    held_out = None
    if keep == "auto":
        held_out = hold_out(mask, seed_of("held out", experiment.seed, digest(unknown.tobytes())))
    adapted = adapt(
        system,
        image,
        mask,
        experiment,
        _pool(experiment, pool, picture, backbones),
        lambda step, _: progress(step, experiment.steps),
        losses=losses,
        held_out=held_out,
    )
    last = max(adapted.predictions)
    if keep == "auto":
        choice = choose(adapted.held_out)
    else:
        choice = Choice(keep == "always", last if keep == "always" else 0, {})
    if not choice.keep:
        filled = model.fill(picture, hole, tile=tile, overlap=overlap)
    elif (window.height, window.width) == hole.shape:
        filled = picture.filled(pictures_of(adapted.predictions[choice.step]), hole)
    else:
        filled = _fill_all(model, adapted, choice, picture, hole, tile, overlap)
    return AdaptedPicture(filled, choice, adapted, window)


def _experiment(experiment, differences: dict | None):
    if not isinstance(experiment, str):
        if differences:
            raise LacunaError("the experiment is given whole, so there is nothing for 'differences' to change")
        return experiment
    from lacuna.adaptation.experiments import chosen

    return chosen([experiment], common=differences or {})[experiment]


def _window(hole: np.ndarray, tile: tuple[int, int] | None, overlap: int | None) -> Window:
    """The whole picture if it fits into a tile, else the tile with the largest part of the hole."""
    height, width = hole.shape
    if tile is None or (height <= tile[0] and width <= tile[1]):
        return Window(0, 0, height, width)
    _, todo = parts(hole, tile, min(tile) // 8 if overlap is None else overlap)
    windows = [window for part in todo for window in part.windows]
    return max(windows, key=lambda window: int(np.count_nonzero(hole[window.slices])))


def _make_ready(system, experiment, weights, backbones, discriminator) -> None:
    """What training needs besides the network: features, and a discriminator that was trained with it."""
    if experiment.method != "adapt":
        return
    device = next(system.network.parameters()).device
    if device.type not in ("cpu", "cuda"):
        raise LacunaError(f"networks learn on the CPU or a CUDA GPU, not on '{device.type}'; choose another device")
    system.load_backbones(backbones, device)
    if not needs_discriminator(system, experiment):
        return
    if discriminator is not None:
        system.load_released(discriminator, "discriminator")
        system.discriminator.to(device)
        return
    state = Path(weights).parent / STATE
    if not state.is_file():
        raise LacunaError(
            f"beside the weights {weights} lies no {STATE}, and so no trained discriminator, which this experiment "
            "needs; train the system again, or choose the experiment generator_without_discriminator"
        )
    load_parts(system, read_parts(state))


def _pool(experiment, folder: str | Path | None, picture: Picture, backbones: str | Path):
    """The pictures that may fill the hole in training, but for the picture itself, and what they look like if asked."""
    if not getattr(experiment, "needs_pool", False):
        return None
    from lacuna.adaptation.fillers import Pool

    if folder is None:
        paths = [origin.path for origin in photographs_of_packages(list(EMBEDDED)).origins()]
    else:
        paths = [Path(folder, name) for name in matching_files(folder).pictures]
    others = [path for path in paths if not _same(path, picture)]
    described = None
    if experiment.fill == "similar_image" and others:
        described = Descriptions.of(others, load_backbone(backbones))
    return Pool(others, described).without("")


def _same(path: Path, picture: Picture) -> bool:
    """Whether a photograph is this picture, known by its pixels: a hole painted into it may be all that differs."""
    with Image.open(path) as stored:
        if sorted(stored.size) != sorted(picture.size):
            return False
    values = read_image(path)
    return values.shape == picture.rgb.shape and bool((values == picture.rgb).all(-1).mean() > 0.2)


def _fill_all(model, adapted: Adapted, choice: Choice, picture: Picture, hole, tile, overlap) -> Picture:
    """The whole of a picture that is larger than what was learned from, tile by tile."""
    system = adapted.system
    if system is None:
        raise LacunaError(
            f"the picture is larger than one tile, and '{model.name}' is fitted to one; choose a larger tile or 0"
        )
    for part, state in (adapted.weights if adapted.best is None else adapted.best).items():
        system.modules()[part].load_state_dict(state)
    copy = type(model)(
        lambda image, unknown: system.predict_arrays([image], [unknown])[0], model.name, model.device, model.tile
    )
    return copy.fill(picture, hole, tile=tile, overlap=overlap)


def _side_by_side(panels: list[tuple[str, np.ndarray]]) -> Image.Image:
    height, width = panels[0][1].shape[:2]
    scale = PANEL / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    strip = Image.new("RGB", (len(panels) * (size[0] + 4) - 4, size[1] + CAPTION), "white")
    draw = ImageDraw.Draw(strip)
    for place, (caption, pixels) in enumerate(panels):
        left = place * (size[0] + 4)
        strip.paste(Image.fromarray(pixels.astype(np.uint8)).resize(size, Image.Resampling.LANCZOS), (left, 0))
        draw.text((left + 2, size[1] + 2), caption, fill="black")
    return strip
