"""Can every trained system learn four photographs by heart? Narrow networks, 64×64, one core, so many steps.

Run with `python -m tests.benchmarks.overfit [system ...]`; writes docs/experiments/overfit.csv and overfit.png, beside
overfit.md. What is measured is the raw prediction inside the holes of the four training pictures themselves: PSNR of
the squared error's mean over all hole pixels of the four. Seconds are those of the processor, losses and optimisers
included, measuring excluded, so that other work on the machine does not count.
"""

import math
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import skimage
import torch
from PIL import Image

from lacuna import systems
from lacuna.reporting.style import looks, written_to
from lacuna.training.decay import Decay

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "docs" / "experiments"
STEPS = 400
# Light systems, whose last noisy step would decide, and the diffusion model, which sees four of its many levels of
# noise in a step, take more steps, with learning rates that fall in the last half.
MORE_STEPS = {"deepfillv2": 1000, "pennet": 1000, "pennet_lab": 1000, "repaint": 3000}
MEASURED = 20  # times after the first

VGG16 = {"feature_network": "vgg16"}
# The second stage, with the encoder's batch norm frozen, is the last tenth.
PARTIAL = {
    "width": 16, "levels": 4, "learning_rate": 2e-3, "fine_tune_learning_rate": 5e-4, "fine_tune_after": 0.9,
}  # fmt: skip
# Reduced widths, and learning rates that fit to a few hundred steps; everything else is the authors'.
SETTINGS = {
    "madf": {"width": 16, "levels": 5, "learning_rate": 1e-3, "style_weight": 12.0, "recompute_features": False},
    "aotgan": {
        **VGG16, "width": 24, "blocks": 4, "discriminator_width": 16, "learning_rate": 1e-3, "initial_std": 0.04,
        "l1_weight": 10.0, "style_weight": 25.0,
    },
    "tfill": {
        "fixed_size": 64, "width": 24, "scales": 3, "transformer_layers": 2, "hidden": 128, "discriminator_width": 8,
        "learning_rate": 3e-4, "reconstruction_weight": 30.0, "perceptual_weight": 2.5, "adversarial_weight": 0.1,
    },
    "tfill:refinement": {
        "fixed_size": 32, "width": 16, "scales": 3, "transformer_layers": 2, "hidden": 128, "discriminator_width": 8,
        "learning_rate": 3e-4, "reconstruction_weight": 30.0, "perceptual_weight": 2.5, "adversarial_weight": 0.1,
        "refinement": True,
    },
    "partialconv": PARTIAL,
    "partialconv_residual": PARTIAL,
    "pennet": {"widths": [16, 32, 64, 64], "discriminator_width": 16, "learning_rate": 1e-3, "initial_std": 0.05},
    "pennet_lab": {"widths": [16, 32, 64, 64], "discriminator_width": 16, "learning_rate": 1e-3, "initial_std": 0.05},
    "structure": {**VGG16, "width": 16, "discriminator_width": 16, "learning_rate": 1e-3},
    "migan": {"resolution": 64, "channel_base": 2048, "channel_max": 128, "l1_weight": 10.0, "adversarial_weight": 0.1},
    "mat": {
        "resolution": 64, "channel_base": 1024, "channel_max": 64, "grid": 16, "dim": 32, "heads": 4,
        "windows": [8, 4, 4, 4, 8], "latent": 64, "feature_network": "vgg16", "l1_weight": 10.0,
        "adversarial_weight": 0.1,
    },
    "repaint": {
        "width": 16, "multipliers": [1, 2, 2], "blocks": 1, "levels": 200, "last_variance": 0.08, "learning_rate": 2e-3,
        "sampling_levels": 40, "jump_length": 5, "resamplings": 3,
    },
    "lama": {"width": 16, "blocks": 2, "discriminator_width": 16},
    "deepfillv2": {
        "width": 16, "discriminator_width": 16, "learning_rate": 1e-3, "initial_gain": 2.4, "adversarial_weight": 0.01,
    },
}  # fmt: skip


def photographs() -> torch.Tensor:
    """Four photographs, 4×3×64×64 in [0, 1]."""
    folder = Path(skimage.__file__).parent / "data"
    pictures = []
    for name in ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg"):
        picture = Image.open(folder / name).convert("RGB")
        side = min(picture.size)
        picture = picture.crop((0, 0, side, side)).resize((64, 64), Image.Resampling.LANCZOS)
        pictures.append(np.asarray(picture, np.float32).transpose(2, 0, 1) / 255)
    return torch.from_numpy(np.stack(pictures))


def holes() -> torch.Tensor:
    """Four holes of different shape and place, 4×1×64×64, 1 = hole, about a fifth of each picture."""
    masks = torch.zeros(4, 1, 64, 64)
    masks[0, :, 10:38, 20:50] = 1
    masks[1, :, 30:60, 5:33] = 1
    masks[2, :, ::4, 8:56] = 1
    masks[3, :, 16:48, 24:50] = 1
    return masks


def psnr_in_holes(system, image: torch.Tensor, mask: torch.Tensor) -> float:
    """dB, of the raw prediction clamped to [0, 1] over the pixels of all holes, in evaluation mode."""
    raw = system.predict(image, mask).clamp(0, 1)
    for module in system.modules().values():
        module.train()
    return -10 * math.log10(float(((raw - image).square() * mask).sum() / (3 * mask.sum())))


def overfit(name: str) -> list[dict]:
    """The curve of one system, or `system:form`: step, seconds, PSNR in the holes."""
    torch.manual_seed(0)
    system_name = name.partition(":")[0]
    recipe = systems.system_class(system_name).Recipe
    size = {"image_size": 64} if "image_size" in recipe.__dataclass_fields__ else {}
    system = systems.create(system_name, **size, **SETTINGS[name])
    system.load_backbones(ROOT / "results" / "backbones", torch.device("cpu"))
    image, mask = photographs(), holes()
    steps = MORE_STEPS.get(name, STEPS)
    optimizers = system.optimizers()
    decay = Decay(optimizers, 0.5 if name in MORE_STEPS else None)
    rows = [{"system": name, "step": 0, "seconds": 0.0, "psnr": psnr_in_holes(system, image, mask)}]
    seconds = 0.0
    for step in range(1, steps + 1):
        began = time.process_time()
        spent = (step - 1) / steps
        decay.undo(optimizers)
        system.before_step(step - 1, spent, optimizers)
        decay.apply(optimizers, spent)
        system.training_step(image, mask, optimizers, lambda loss: loss.backward())
        seconds += time.process_time() - began
        if step % (steps // MEASURED) == 0:
            psnr = psnr_in_holes(system, image, mask)
            rows.append({"system": name, "step": step, "seconds": round(seconds, 1), "psnr": round(psnr, 2)})
    return rows


def main() -> None:
    torch.set_num_threads(1)
    path = OUTPUT / "overfit.csv"
    for name in sys.argv[1:] or list(SETTINGS):
        rows = pd.DataFrame(overfit(name))
        known = pd.read_csv(path) if path.exists() else rows.iloc[:0]
        table = pd.concat([known[known["system"] != name], rows]).sort_values(["system", "step"])
        table.to_csv(path, index=False, float_format="%.2f")
        first, last = rows.iloc[0], rows.iloc[-1]
        print(f"{name}: {first['psnr']:.2f} -> {last['psnr']:.2f} dB, {last['seconds']:.0f} s", flush=True)
    draw(pd.read_csv(path))


def draw(table: pd.DataFrame) -> None:
    """The curves, as overfit.png."""
    look = looks(sorted(set(table["system"])))
    with written_to(OUTPUT / "overfit.png", figsize=(8, 5), layout="constrained") as (figure, axis):
        for name, rows in table.groupby("system"):
            axis.plot(rows["step"], rows["psnr"], label=name, markersize=4, linewidth=1.2, **look[name])
        axis.set(xlabel="training step", ylabel="PSNR in the holes, dB ↑")
        axis.set_title("Learning four photographs (64×64, narrow networks, N = 4, raw predictions)")
        axis.legend(ncols=2, fontsize=8)


if __name__ == "__main__":
    main()
