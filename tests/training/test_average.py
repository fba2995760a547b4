"""The average of weights: by hand, resumed, fine-tuned from, and what predicts with it."""

import pytest
import torch
from safetensors.torch import load_file

from lacuna import systems
from lacuna.files import read_json, read_rows
from lacuna.training.average import Average
from lacuna.training.state import read_parts
from tests.training.doubles import at_step, contents, stopped_at

EMA = 0.3  # in the first two steps (1 + t) / (10 + t) is less
STATE = "training_state.safetensors"


def scores(folder, row):
    """One row of the validation."""
    return {key: value for key, value in read_rows(folder / "validation.csv")[row].items() if key != "step"}


def each_step(monkeypatch, kind, found):
    """Have the network's weights after every step appended to `found`."""
    original = kind.training_step

    def training_step(self, *args):
        losses = original(self, *args)
        found.append({key: value.double().clone() for key, value in self.network.state_dict().items()})
        return losses

    monkeypatch.setattr(kind, "training_step", training_step)


@pytest.mark.parametrize("name", ["aotgan", "partialconv"])
def test_five_steps_are_averaged_by_hand(job, monkeypatch, name):
    found, kind = [], systems.system_class(name)
    small = {key: value for key, value in kind.small.items() if key != "image_size"}
    torch.manual_seed(0)
    initial = {}
    original = Average.__init__

    def remembered(self, network, decay):
        original(self, network, decay)
        initial.update({key: value.double().clone() for key, value in network.state_dict().items()})

    monkeypatch.setattr(Average, "__init__", remembered)
    each_step(monkeypatch, kind, found)
    folder = job("a", small, system=name, iterations=5, ema=EMA, learning_rate=0.01)
    expected = initial
    for step, weights in enumerate(found, 1):
        kept = min(EMA, (1 + step) / (10 + step))
        expected = {
            key: kept * expected[key] + (1 - kept) * new if "num_batches" not in key else new
            for key, new in weights.items()
        }
    parts, weights = read_parts(folder / STATE), load_file(folder / "weights.safetensors")
    assert list(parts)[-1] == "average" and weights.keys() == expected.keys()
    for key, value in expected.items():
        assert torch.equal(weights[key], parts["average"][key])
        assert torch.allclose(weights[key].double(), value, rtol=1e-5, atol=1e-7), key
        assert torch.equal(parts["network"][key].double(), found[-1][key])
    assert any(not torch.equal(weights[key], parts["network"][key]) for key in weights)


def test_resuming_gives_the_same_bytes(job, monkeypatch):
    straight = job("straight", iterations=7, ema=0.9)
    stopped_at(monkeypatch, 3, job, "resumed", iterations=7, ema=0.9)
    assert contents(job("resumed", iterations=7, ema=0.9)) == contents(straight)
    assert read_json(straight / "record.json")["ema"] == 0.9


def test_the_training_itself_goes_the_same_way(job):
    without, averaged = job("without", iterations=4), job("averaged", iterations=4, ema=0.9)
    own, other = (read_parts(folder / STATE) for folder in (without, averaged))
    assert "average" not in own
    for part, weights in own.items():
        assert all(torch.equal(value, other[part][key]) for key, value in weights.items())
    assert (without / "losses.csv").read_bytes() == (averaged / "losses.csv").read_bytes()
    assert scores(without, 0) == scores(averaged, 0) and scores(without, -1) != scores(averaged, -1)
    assert read_json(without / "record.json")["ema"] is None


def test_a_state_predicts_with_its_average(job):
    folder = job("a", iterations=3, ema=0.9)
    system = systems.create("aotgan", width=8, blocks=1, rates=[1, 2], discriminator_width=8)
    system.prepare(folder / STATE, threads=1)
    weights = load_file(folder / "weights.safetensors")
    assert all(torch.equal(weights[key], value) for key, value in system.network.state_dict().items())


def test_a_training_begins_with_raw_and_averaged_weights(job, monkeypatch):
    first = job("first", iterations=4, ema=0.9)
    first_step = []
    with monkeypatch.context() as patch:
        at_step(patch, 1, lambda losses: first_step.append(losses["l1"]) or losses)
        assert scores(job("averaged", iterations=1, ema=0.9, initial_weights=first / STATE), 0) == scores(first, -1)
    with monkeypatch.context() as patch:
        at_step(patch, 1, lambda losses: first_step.append(losses["l1"]) or losses)
        assert scores(job("alone", iterations=1, initial_weights=first / STATE), 0) == scores(first, -1)
    assert first_step[0] != first_step[1]  # the one learns on from the raw weights, the other from the average
    plain = job("plain", iterations=4)
    for kind in (STATE, "weights.safetensors"):
        begun = job(f"from_{kind}", iterations=1, ema=0.9, initial_weights=plain / kind)
        assert scores(begun, 0) == scores(plain, -1)
