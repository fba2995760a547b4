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


def write_pairs(folder: Path, count: int, seed: int, size: tuple[int, int] = SIZE) -> Path:
    """A list of `count` smooth pictures with one box hole each."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    y, x = np.mgrid[: size[0], : size[1]]
    lines = []
    for index in range(count):
        a = rng.uniform(0.05, 0.3, 6)
        image = np.stack([0.5 + 0.4 * np.sin(a[i] * x + a[i + 3] * y + i) for i in range(3)], -1)
        mask = np.zeros(size, np.uint8)
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
    """`job(folder, **budget)` trains a tiny AOT-GAN into `folder` and returns the folder; `system` names another.

    size: height and width of the pictures.
    """
    monkeypatch.setattr(vgg, "VGGFeatures", RandomFeatures)
    monkeypatch.setattr(lpips_loss, "PerceptualSimilarity", RandomSimilarity)

    def pairs(folder: Path, size: tuple[int, int]) -> list[Path]:
        sets = (("train", 7, 1), ("held_out", 3, 2))
        return [write_pairs(folder / name, count, seed, size) for name, count, seed in sets]

    lists = {SIZE: pairs(tmp_path, SIZE)}

    def run(name: str, settings=None, initial_weights=None, system="aotgan", size=SIZE, **budget) -> Path:
        if size not in lists:
            lists[size] = pairs(tmp_path / "others", size)
        own = {"width": 8, "blocks": 1, "rates": [1, 2], "discriminator_width": 8} if system == "aotgan" else {}
        given = {
            "system": system,
            "settings": {**own, **(settings or {})},
            "source": "place2",
            "image_size": [size[1], size[0]],
            "seed": 5,
            "training": {"batch_size": 3, "validate_every": 4, "checkpoint_every": 4, "log_every": 2, **budget},
        }
        output = tmp_path / name / "weights.safetensors"
        train(given, *lists[size], tmp_path, gpus=0, threads=1, output=output, initial_weights=initial_weights)
        return tmp_path / name

    yield run
    torch.use_deterministic_algorithms(False)
