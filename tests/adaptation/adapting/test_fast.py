"""Mode `fast` is the same mathematics as mode `reference`, and `lacuna bench adapt` measures both."""

import json

import numpy as np
import pytest
import torch

from lacuna.adaptation import benchmark
from lacuna.adaptation.adapting import adapt
from lacuna.adaptation.learning import learner_of
from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.nn import feature_distance
from lacuna.nn import vgg as vgg_module
from lacuna.nn.feature_distance import FeatureDistance
from tests.adaptation.adapting.examples import experiment, photograph
from tests.systems.structures import tiny


@pytest.fixture
def vgg(monkeypatch):
    """A VGG of random weights that keep the size of what goes through; they are drawn once."""
    rng, weights = np.random.default_rng(0), {}
    with torch.device("meta"):
        network, _ = vgg_module._network(vgg_module._CONVOLUTIONS["vgg16"])
    for key, value in network.state_dict().items():
        scale = (2 / value[0].numel()) ** 0.5 if value.ndim > 1 else 0.1
        weights[f"features.{key}"] = (scale * rng.standard_normal(tuple(value.shape))).astype(np.float32)
    monkeypatch.setattr(vgg_module, "load", lambda name, folder: weights)


def system():
    found = tiny(form="thesis_small", initial_gain=0.5, learning_rate=1e-4)
    found.load_backbones(".", torch.device("cpu"))
    return found


def both(network, **settings):
    picture = photograph((48, 64))
    return [adapt(network, *picture, experiment(mode=mode, **settings)) for mode in ("reference", "fast")]


@pytest.mark.slow
@pytest.mark.parametrize("background", [False, True])
def test_ten_steps_lead_to_the_same_weights(vgg, background):
    network = system()
    slow, fast = both(network, steps=10, evaluate_every=10, losses={"background": background})
    before = network.network.state_dict()
    states = [each.weights["network"] for each in (slow, fast)]
    apart, moved = benchmark.differences(network, *states), benchmark.differences(network, states[0], before)
    assert moved.abs().max() > 5e-4  # so that the next line says something
    assert apart.abs().mean() < 1e-5 and apart.norm() < 0.05 * moved.norm()
    assert (slow.predictions[10] - fast.predictions[10]).abs().max() < 1e-3
    assert not torch.equal(slow.predictions[10], fast.predictions[10])  # it went another way


@pytest.mark.slow
def test_adapters_learn_alike_too(vgg):
    slow, fast = both(system(), steps=3, evaluate_every=3, learns="adapters")
    assert (slow.predictions[3] - fast.predictions[3]).abs().max() < 1e-3


def test_what_lies_under_the_users_mask_does_not_matter_in_mode_fast(vgg):
    network = system()
    one, other = (adapt(network, *photograph(content=content), experiment(mode="fast")) for content in (0, 1))
    for part, state in one.weights.items():
        assert all(torch.equal(value, other.weights[part][key]) for key, value in state.items())


def test_the_given_system_and_mode_reference_know_nothing_of_it(vgg):
    network = system()
    quick = learner_of(network, experiment(mode="fast")).system
    assert isinstance(quick.feature_distance, FeatureDistance) and quick.network.stages[0].attention.in_blocks
    for plain in (network, learner_of(network, experiment()).system):
        assert plain.feature_distance is None and not plain.network.stages[0].attention.in_blocks


def arguments(*more):
    return ["bench", "adapt", "--json", "--images=1", "--size=32", "--steps=2", "--width=4", "--repeats=1", *more]


@pytest.mark.slow
def test_the_benchmark_reports_both_ways(vgg, capsys):
    assert main(arguments("--threads=1")) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"ratio", "images_per_hour", "settings", "size", "threads", "machine", "versions"} <= set(found)
    hourly = found["images_per_hour"]
    assert found["ratio"] == pytest.approx(hourly["fast"] / hourly["plain"])
    assert found["size"] == 32 and found["threads"] == 1 and found["settings"]["steps"] == 2


@pytest.mark.slow
def test_other_weights_are_an_error(vgg, tmp_path, monkeypatch):
    honest = feature_distance.FeatureDistance.__call__
    monkeypatch.setattr(feature_distance.FeatureDistance, "__call__", lambda *each: -9 * honest(*each))
    monkeypatch.setattr(benchmark, "ALLOWED", 1e-6)
    with pytest.raises(LacunaError, match="a weight differs by"):
        benchmark.compare(tmp_path, ".", 1, 32, 2, 4, 1, 1, "baseline")
