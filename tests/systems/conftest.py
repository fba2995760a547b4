"""Small systems and pictures for the tests of this folder."""

import pytest
import torch

from lacuna.nn import backbones, perceptual_similarity
from tests.systems.doubles import RandomFeatures, RandomSimilarity


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def random_backbones(monkeypatch, tmp_path):
    """Pretrained networks are replaced by small random ones; returns the folder to pass."""
    monkeypatch.setattr(backbones, "VGGFeatures", RandomFeatures)
    monkeypatch.setattr(perceptual_similarity, "PerceptualSimilarity", RandomSimilarity)
    return tmp_path
