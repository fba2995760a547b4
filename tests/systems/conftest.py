"""Small systems and pictures for the tests of this folder."""

from collections.abc import Callable

import pytest
import torch

from lacuna.nn import lpips_loss, vgg
from tests.systems.doubles import RandomFeatures, RandomSimilarity
from tests.systems.references import GOLDEN, Golden


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def random_backbones(monkeypatch, tmp_path):
    """Pretrained networks are replaced by small random ones; returns the folder to pass."""
    monkeypatch.setattr(vgg, "VGGFeatures", RandomFeatures)
    monkeypatch.setattr(lpips_loss, "PerceptualSimilarity", RandomSimilarity)
    return tmp_path


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Golden]:
    """`golden("aotgan")`: the authors' outputs; where they are not, the test is skipped with the reason."""

    def of(name: str) -> Golden:
        if not (GOLDEN / f"{name}.npz").is_file():
            pytest.skip(f"the authors' outputs (golden/{name}.npz) lie outside this repository and are not here")
        return Golden(name)

    return of
