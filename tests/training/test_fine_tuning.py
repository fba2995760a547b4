"""Training from a file of weights: ours, a training state, or the authors'; with its own rate and frozen parts."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.files import read_rows
from lacuna.training.decay import Decay
from lacuna.training.freezing import Frozen
from lacuna.training.sidecar import set_aside
from lacuna.training.state import read_parts
from tests.training.conftest import SIZE, write_pairs
from tests.training.doubles import stopped_at

SMALL = {"width": 8, "blocks": 1, "rates": [1, 2], "discriminator_width": 8}


@pytest.fixture
def first(job):
    return job("first", iterations=4)


def first_scores(folder):
    """The validation before the first step, which shows what the training began with."""
    return {k: v for k, v in read_rows(folder / "validation.csv")[0].items() if k != "step"}


def last_scores(folder):
    return {k: v for k, v in read_rows(folder / "validation.csv")[-1].items() if k != "step"}


def test_a_training_begins_with_what_a_state_holds(job, first, capsys):
    folder = job("second", iterations=2, initial_weights=first / "training_state.safetensors")
    assert first_scores(folder) == last_scores(first)
    assert "begins with network, discriminator of " in capsys.readouterr().out
    frozen = job("still", iterations=1, initial_weights=first / "training_state.safetensors", freeze=["disc*"])
    before, after = read_parts(first / "training_state.safetensors"), read_parts(frozen / "training_state.safetensors")
    same = {part: all(torch.equal(before[part][key], after[part][key]) for key in before[part]) for part in before}
    assert same == {"network": False, "discriminator": True}


def test_a_training_begins_with_our_weights(job, first, capsys):
    folder = job("second", iterations=2, initial_weights=first / "weights.safetensors")
    assert first_scores(folder) == last_scores(first)
    assert "begins with network of " in capsys.readouterr().out
    with safe_open(folder / "weights.safetensors", framework="pt") as stream:
        note = json.loads(stream.metadata()["lacuna"])
    assert note["initial_weights"]["file"] == "weights.safetensors" and len(note["initial_weights"]["sha256"]) == 64


def test_a_training_begins_with_released_weights(job, first, tmp_path):
    system = systems.create("aotgan", **SMALL)
    ours = load_file(first / "weights.safetensors")
    torch.save({theirs: ours[key] for theirs, key in system.released_keys().items()}, tmp_path / "released.pt")
    folder = job("second", iterations=1, initial_weights=tmp_path / "released.pt")
    assert first_scores(folder) == last_scores(first)


def test_weights_that_do_not_fit_are_one_sentence(job, first):
    with pytest.raises(LacunaError, match="do not fit system 'aotgan'.*misshapen"):
        job("second", {"width": 4}, iterations=1, initial_weights=first / "training_state.safetensors")
    with pytest.raises(LacunaError, match="the weights .*none.pt do not exist"):
        job("second", iterations=1, initial_weights=first / "none.pt")


def test_a_training_state_predicts(first):
    system = systems.create("aotgan", **SMALL)
    assert system.prepare(first / "training_state.safetensors", threads=1) == "cpu"
    ours = load_file(first / "weights.safetensors")
    assert all(torch.equal(ours[key], value) for key, value in system.network.state_dict().items())


def test_other_initial_weights_are_another_training(job, first, monkeypatch, tmp_path):
    stopped_at(monkeypatch, 2, job, "second", iterations=4, initial_weights=first / "weights.safetensors")
    job("second", iterations=4)
    assert [each.differs for each in set_aside(tmp_path / "second")] == [("the initial weights are another file",)]


@pytest.mark.parametrize("settings", [{}, {"learning_rate": 0.001}])
def test_an_own_learning_rate_replaces_the_systems(job, settings):
    """The same bytes as with the setting of the system; twice 2 are 4, so the factor is exact."""
    rate = 4 * settings.get("learning_rate", 1e-4)
    own = job("own", settings, iterations=3, learning_rate=rate)
    with_setting = job("setting", {"learning_rate": rate}, iterations=3)
    one, other = (load_file(folder / "weights.safetensors") for folder in (own, with_setting))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_factor_changes_all_rates_and_what_the_schedule_sets():
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": rate} for rate in (0.4, 0.1)]
    optimizers = {"network": torch.optim.SGD(groups)}
    decay = Decay(optimizers, 0.5, factor=0.5)
    for _ in range(2):
        decay.undo(optimizers)
        decay.apply(optimizers, 0.75)
    assert [group["lr"] for group in optimizers["network"].param_groups] == pytest.approx([0.1, 0.025])


def test_a_pattern_that_matches_nothing_is_refused(job):
    with pytest.raises(
        LacunaError, match="pattern 'network.encodr.\\*', which matches no parameter; .*'network.encoder"
    ):
        job("a", iterations=1, freeze=["network.encoder.*", "network.encodr.*"])
    with pytest.raises(LacunaError, match="leaves nothing of the network to learn"):
        job("a", iterations=1, freeze=["network.*"])


@pytest.mark.parametrize(
    ("name", "depth"), [("aotgan", 1), ("partialconv", 1), ("structure", 1), ("tfill", 1), ("lama", 2)]
)
def test_what_is_frozen_stays_whatever_the_system_switches(name, depth):
    """Parameters, and statistics of normalisations; also where the system turns gradients off and on by itself."""
    torch.manual_seed(3)
    kind = systems.system_class(name)
    system = systems.create(name, **kind.small)
    optimizers = system.optimizers()
    first, last = (".".join(list(system.network.state_dict())[place].split(".")[:depth]) for place in (0, -1))
    assert first != last
    patterns = [f"network.{first}.*", *(["discriminator.*"] if "discriminator" in system.modules() else [])]
    frozen = Frozen(patterns, system.modules(), optimizers)
    for module in system.modules().values():
        module.train()
    before = {
        f"{part}.{key}": value.clone()
        for part, module in system.modules().items()
        for key, value in module.state_dict().items()
    }
    for step in range(2):
        system.before_step(step, 0.0, optimizers)
        frozen.hold()
        for module in system.modules().values():
            module.requires_grad_(True)  # as some do within a step
        for module in system.modules().values():
            for parameter in module.parameters():
                if parameter.requires_grad:
                    parameter.grad = torch.ones_like(parameter)
        for layer in system.network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer(torch.randn(2, layer.num_features, 3, 5))
        for optimizer in optimizers.values():
            optimizer.step()
    after = {f"{part}.{key}": v for part, module in system.modules().items() for key, v in module.state_dict().items()}
    held = [key for key in before if key.startswith((f"network.{first}.", "discriminator."))]
    assert held and all(torch.equal(before[key], after[key]) for key in held)
    assert any(not torch.equal(before[key], after[key]) for key in before if key not in held)


def test_the_command_takes_initial_weights(tmp_path, monkeypatch):
    from lacuna.cli import main

    monkeypatch.setattr("lacuna.training.loop.train", lambda *args: given.append(args[-1]))
    given, listed = [], str(write_pairs(tmp_path / "pairs", 1, 1))
    settings = {"system": "aotgan", "settings": {}, "source": "mine", "image_size": [SIZE[1], SIZE[0]], "seed": 1}
    words = ["train", "--settings", json.dumps(settings), "--train-list", listed, "--validation-list", listed]
    words += ["--backbones", "c", "--output", "d.safetensors"]
    assert main([*words, "--initial-weights", "e.pt"]) == 0
    assert main(words) == 0
    assert [str(each) for each in given] == ["e.pt", "None"]
