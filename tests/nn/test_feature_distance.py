"""The distance between features against autograd, on a VGG of random weights."""

import numpy as np
import pytest
import torch

from lacuna.adaptation.losses import perceptual
from lacuna.nn import vgg
from lacuna.nn.feature_distance import FeatureDistance
from lacuna.nn.winograd import FrozenConvolution

LAYERS = ("relu1_1", "relu2_1", "relu3_2")


@pytest.fixture
def features(monkeypatch):
    """As in the field, with weights that keep the size of what goes through."""
    rng, weights = np.random.default_rng(0), {}
    with torch.device("meta"):
        network, _ = vgg._network(vgg._CONVOLUTIONS["vgg16"])
    for key, value in network.state_dict().items():
        scale = (2 / value[0].numel()) ** 0.5 if value.ndim > 1 else 0.1
        weights[f"features.{key}"] = (scale * rng.standard_normal(tuple(value.shape))).astype(np.float32)
    monkeypatch.setattr(vgg, "load", lambda name, folder: weights)
    return vgg.VGGFeatures("vgg16", ".", LAYERS)


def pictures(dtype=torch.float32):
    """Two pictures of 21×30 that differ in a rectangle near a corner, and others of the same size."""
    draw = torch.Generator().manual_seed(1)
    truth, other = (torch.rand(2, 3, 21, 30, generator=draw, dtype=torch.float64).to(dtype) for _ in range(2))
    made = truth.clone()
    made[:, :, 2:9, 17:29] = other[:, :, 2:9, 17:29]
    return made.requires_grad_(), other.clone().requires_grad_(), truth


def by_autograd(features, picture, truth):
    loss = perceptual(features(picture), features(truth))
    return loss.detach(), torch.autograd.grad(loss, picture)[0]


def test_it_is_autograds_in_double_precision(features):
    features = features.double()
    distance, (made, other, truth) = FeatureDistance(features), pictures(torch.float64)
    known = distance.known(truth)
    for picture in (made, other):  # the second takes the features that the first left
        found = distance(picture, known)
        loss, gradient = by_autograd(features, picture, truth)
        torch.testing.assert_close(found.detach(), loss)
        torch.testing.assert_close(torch.autograd.grad(3 * found, picture)[0], 3 * gradient)


def test_in_single_precision_it_is_autograds_to_rounding(features):
    features.quick = False
    distance, (made, _, truth) = FeatureDistance(features), pictures()
    assert sum(isinstance(step[0], FrozenConvolution) for step in distance.steps if step) == 2  # conv3_1, conv3_2
    found = distance(made, distance.known(truth))
    loss, gradient = by_autograd(features, made, truth)
    torch.testing.assert_close(found.detach(), loss, rtol=1e-5, atol=0)
    off = (torch.autograd.grad(found, made)[0] - gradient).norm() / gradient.norm()
    assert off < 0.02


def test_equal_pictures_have_no_distance_and_no_gradient(features):
    distance, (_, _, truth) = FeatureDistance(features), pictures()
    same = truth.clone().requires_grad_()
    found = distance(same, distance.known(truth))
    assert found.item() == 0
    assert not torch.autograd.grad(found, same)[0].any()


def test_it_is_made_once_for_the_same_features(features):
    assert FeatureDistance.of(features) is FeatureDistance.of(features)


def test_features_of_a_pooling_are_refused(features):
    with pytest.raises(ValueError, match="that a ReLU returned"):
        FeatureDistance(vgg.VGGFeatures("vgg16", ".", ["pool1"]))
