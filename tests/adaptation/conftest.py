"""What the tests of this folder share: pictures of awkward sizes with lopsided holes, and training pictures."""

import csv

import cv2
import numpy as np
import pytest
import torch

from lacuna.adaptation.fillers import Pool

SIZES = ((48, 64), (65, 47), (40, 40))


def picture(size: tuple[int, int], seed: int = 0) -> torch.Tensor:
    """3×H×W, different at every pixel and lopsided."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0.1, 0.9, size[0] * size[1]).reshape(size)
    return torch.from_numpy(np.stack([ramp, ramp[::-1] ** 2, rng.random(size)]).astype(np.float32))


def lopsided_hole(size: tuple[int, int]) -> torch.Tensor:
    """1×H×W: an L above left of the middle and a scratch at the lower border, about a fifth of the picture."""
    height, width = size
    mask = torch.zeros(1, height, width)
    mask[0, height // 8 : height // 2, width // 8 : width // 4] = 1
    mask[0, height // 3 : height // 2, width // 8 : 2 * width // 3] = 1
    mask[0, -2:, width // 2 :] = 1
    return mask


@pytest.fixture
def pool(tmp_path) -> Pool:
    """Seven pictures of 37×53 cut from three photographs: colours tell the photographs apart."""
    rows = []
    for i in range(7):
        photograph = f"photograph{i % 3}"
        values = np.zeros((37, 53, 3), np.uint8)
        values[..., 2 - i % 3] = 200 + 5 * i  # BGR: red, green, blue by photograph
        cv2.imwrite(str(tmp_path / f"{i:04d}.png"), values)
        rows.append({"file": f"{i:04d}.png", "origin_sha256": photograph})
    with (tmp_path / "index.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["file", "origin_sha256"])
        writer.writeheader()
        writer.writerows(rows)
    return Pool(sorted(tmp_path.glob("*.png")))
