"""A tiny data set of pictures and masks on disk, and a tiny training on it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lacuna.nn import lpips_loss, vgg
from lacuna.training.loop import train
from tests.systems.doubles import RandomFeatures, RandomSimilarity

SIZE = (24, 32)  # height and width; the discriminator's smallest side is 24


def write_pairs(folder: Path, count: int, seed: int) -> Path:
    """A list of `count` smooth pictures with one box hole each."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    lines = []
    for index in range(count):
        a = rng.uniform(0.05, 0.3, 6)
        image = np.stack([0.5 + 0.4 * np.sin(a[i] * x + a[i + 3] * y + i) for i in range(3)], -1)
        mask = np.zeros(SIZE, np.uint8)
        top, left = rng.integers(0, 8, 2)
        mask[top : top + 6, left : left + 9] = 255
        names = folder / f"{index}.png", folder / f"mask{index}.png"
        Image.fromarray((image * 255).astype(np.uint8)).save(names[0])
        Image.fromarray(mask).save(names[1])
        lines.append(f"{names[0]}\t{names[1]}\n")
    (folder / "list.txt").write_text("".join(lines))
    return folder / "list.txt"


@pytest.fixture
def job(tmp_path, monkeypatch):
    """`job(folder, **budget)` trains a tiny AOT-GAN into `folder` and returns the folder; `system` names another."""
    monkeypatch.setattr(vgg, "VGGFeatures", RandomFeatures)
    monkeypatch.setattr(lpips_loss, "PerceptualSimilarity", RandomSimilarity)
    lists = [write_pairs(tmp_path / name, count, seed) for name, count, seed in (("train", 7, 1), ("held_out", 3, 2))]

    def run(name: str, settings=None, initial_weights=None, system="aotgan", **budget) -> Path:
        own = {"width": 8, "blocks": 1, "rates": [1, 2], "discriminator_width": 8} if system == "aotgan" else {}
        given = {
            "system": system,
            "settings": {**own, **(settings or {})},
            "source": "place2",
            "image_size": [SIZE[1], SIZE[0]],
            "seed": 5,
            "training": {"batch_size": 3, "validate_every": 4, "checkpoint_every": 4, "log_every": 2, **budget},
        }
        output = tmp_path / name / "weights.safetensors"
        train(given, *lists, tmp_path, gpus=0, threads=1, output=output, initial_weights=initial_weights)
        return tmp_path / name

    yield run
    torch.use_deterministic_algorithms(False)
