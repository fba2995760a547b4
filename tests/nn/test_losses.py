"""Losses against arithmetic done by hand."""

import numpy as np
import pytest
import torch

from lacuna.nn.layers import ReflectionPad2d
from lacuna.nn.losses import gram_matrix, perceptual_loss, style_loss, with_styles


def features(seed, shape=(2, 3, 4, 5)):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def test_gram_matrix_is_divided_by_channels_and_pixels():
    x = features(0)
    gram = gram_matrix(x).numpy()
    for n in range(2):
        for i in range(3):
            for j in range(3):
                expected = sum(float(x[n, i, y, z] * x[n, j, y, z]) for y in range(4) for z in range(5)) / (3 * 4 * 5)
                assert gram[n, i, j] == pytest.approx(expected, abs=1e-12)


def test_perceptual_loss_is_the_sum_over_layers_of_mean_absolute_differences():
    of, to = {"a": features(1), "b": features(2, (2, 7, 2, 3))}, {"a": features(3), "b": features(4, (2, 7, 2, 3))}
    expected = sum(np.abs(of[name].numpy() - to[name].numpy()).mean() for name in of)
    assert float(perceptual_loss(of, to, ("a", "b"))) == pytest.approx(expected)
    assert float(perceptual_loss(of, to, ("b",))) == pytest.approx(np.abs((of["b"] - to["b"]).numpy()).mean())


def test_style_loss_forgets_where_things_are():
    x = features(5)
    moved = x.flip(-1).roll(2, dims=-2)
    assert float(style_loss({"a": x}, with_styles({"a": moved}, (0, ()), (1, ("a",))), ("a",))) == pytest.approx(
        0, abs=1e-12
    )
    assert float(perceptual_loss({"a": x}, {"a": moved}, ("a",))) > 0.1


def test_style_loss_of_a_doubled_map_is_three_times_its_gram_matrix():
    x = features(6)
    expected = 3 * gram_matrix(x).abs().mean()
    assert float(style_loss({"a": 2 * x}, with_styles({"a": x}, (0, ()), (1, ("a",))), ("a",))) == pytest.approx(
        float(expected)
    )


def test_reflection_does_not_repeat_the_edge():
    x = torch.arange(12.0).view(1, 1, 3, 4)
    padded = ReflectionPad2d(2)(x)[0, 0]
    assert padded[2].tolist() == [2, 1, 0, 1, 2, 3, 2, 1]
    assert padded[:, 2].tolist() == [8, 4, 0, 4, 8, 4, 0]
