"""The diversity of samples: the mean over their pairs of LPIPS in the hole."""

from itertools import combinations

import numpy as np
import pytest

from lacuna.metrics import diversity as diversities
from lacuna.metrics.diversity import Diversity, diversity
from tests.inpainting.made_up import box, noise


def samples(number, height=41, width=67):
    """Composites that differ in the hole alone."""
    hole, photo = box(height, width), noise(height, width)
    return [np.where(hole[..., None], noise(height, width, seed=n), photo) for n in range(1, number + 1)], hole


def test_it_is_the_mean_over_all_pairs(monkeypatch):
    """Hand-made distances: a pair's is the difference of its first pixels."""

    def measured(metrics, predictions, truths, masks, backbones):
        values = [[float(abs(int(each[0, 0, 0, 0]) - int(truths[0, 0, 0, 0])))] for each in predictions]
        return {metrics[0].name: {"hole": values}}

    monkeypatch.setattr(diversities, "score_batch", measured)
    pictures = [np.full((3, 5, 3), value, np.uint8) for value in (0, 1, 5, 21)]
    expected = np.mean([abs(a - b) for a, b in combinations((0, 1, 5, 21), 2)])
    assert diversity(pictures, np.ones((3, 5), bool), "nowhere") == expected


def test_it_is_lpips_of_composites_in_the_hole(backbones):
    """Against the network's own map; equal samples have none, and what the known part holds is compared, too."""
    import torch

    from lacuna.nn.lpips import LPIPS

    pictures, hole = samples(3)
    folder = backbones("lpips_alex")
    network = LPIPS("alex", folder)
    as_tensors = [torch.from_numpy(each).permute(2, 0, 1)[None] / 255 for each in pictures]
    pairs = [network(a, b)[1][0].numpy()[hole].mean() for a, b in combinations(as_tensors, 2)]
    assert diversity(pictures, hole, folder) == pytest.approx(np.mean(pairs), rel=1e-4)
    assert diversity([pictures[0]] * 3, hole, folder) == pytest.approx(0, abs=1e-6)


def test_pictures_that_are_too_small_have_none_and_say_so(monkeypatch):
    monkeypatch.setattr(diversities, "at_hand", lambda *_: None)
    said: list[str] = []
    pictures, hole = samples(2, 30, 67)
    assert Diversity("nowhere", said.append).of(pictures, hole) is None
    assert said == ["the diversity of samples is left out, because the smallest side is 30 pixels"]
