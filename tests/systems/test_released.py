"""Strict loading of other people's checkpoints."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lacuna import systems
from lacuna.errors import LacunaError

SMALL = {"width": 4, "blocks": 1, "rates": (1, 2), "discriminator_width": 4}


@pytest.fixture
def weights():
    torch.manual_seed(3)
    return systems.create("aotgan", **SMALL).network.state_dict()


def loaded(mapping):
    return systems.load_released("aotgan", mapping, **SMALL).network.state_dict()


@pytest.mark.parametrize(
    "wrap",
    [
        dict,
        lambda state: {f"module.{key}": value for key, value in state.items()},
        lambda state: {"epoch": 3, "state_dict": {f"module.{key}": value for key, value in state.items()}},
        lambda state: {"netG": state, "optimG": {"lr": 1}},
        lambda state: {**{f"generator.{key}": value for key, value in state.items()}, "discriminator.x": torch.ones(1)},
        lambda state: {key: value.numpy() for key, value in state.items()},
    ],
)
def test_wrappers_are_understood(wrap, weights):
    result = loaded(wrap(weights))
    assert all(torch.equal(result[key], weights[key]) for key in weights)


@pytest.mark.parametrize("name", ["discriminator", "netD"])
@pytest.mark.parametrize("apart", [True, False])
def test_each_part_of_a_checkpoint_is_found(name, apart, weights):
    torch.manual_seed(3)
    judge = systems.create("aotgan", **SMALL).discriminator.state_dict()
    if apart:
        both = {"generator": weights, name: judge, "epoch": 3}
    else:
        both = {f"generator.{key}": value for key, value in weights.items()}
        both |= {f"{name}.{key}": value for key, value in judge.items()}
    system = systems.load_released("aotgan", {"state_dict": both}, part="discriminator", **SMALL)
    system.load_released(both)
    for part, expected in (("discriminator", judge), ("network", weights)):
        found = system.modules()[part].state_dict()
        assert all(torch.equal(found[key], value) for key, value in expected.items())


@pytest.mark.parametrize(("name", "parts"), [("aotgan", "network, discriminator"), ("madf", "network")])
def test_an_unknown_part_is_one_sentence_with_the_known_ones(name, parts):
    with pytest.raises(LacunaError, match=f"system '{name}' has no part 'judge'; it has {parts}$"):
        systems.load_released(name, {}, part="judge", **systems.system_class(name).small)


def test_what_stands_beside_a_wrapper_is_complained_about(weights):
    wrapped = {f"module.{key}": value for key, value in weights.items()}
    with pytest.raises(LacunaError, match=r"extra: extra.weight\)"):
        loaded({**wrapped, "extra.weight": torch.ones(2)})


@pytest.mark.parametrize("name", ["aotgan", "deepfillv2", "lama", "mat", "migan", "partialconv", "structure", "tfill"])
@pytest.mark.parametrize("held", [torch.ones(2), [torch.ones(2)], {0: torch.ones(2)}, {"state_dict": {0: 1}}])
def test_weights_without_names_are_one_sentence(name, held, tmp_path):
    torch.save(held, tmp_path / "odd.pth")
    for given in (held, tmp_path / "odd.pth"):
        with pytest.raises(LacunaError, match="must map names to arrays"):
            systems.load_released(name, given, **systems.system_class(name).small)


@pytest.mark.parametrize("name", ["aotgan", "mat", "migan", "partialconv", "structure", "tfill"])
def test_no_array_under_a_name_is_one_sentence(name):
    small = systems.system_class(name).small
    system = systems.create(name, **small)
    state = system.network.state_dict()
    arrays = {key: state[own] for key, own in system.released_keys().items()}
    key = next(iter(arrays))
    with pytest.raises(LacunaError, match=f"'{key}' is a str"):
        systems.load_released(name, {**arrays, key: "text"}, **small)
    with pytest.raises(LacunaError, match="extra: note"):
        systems.load_released(name, {**arrays, "note": "text"}, **small)


def test_missing_extra_and_misshapen_keys_are_named_together(weights):
    del weights["encoder.1.bias"]
    weights["encoder.9.weight"] = torch.ones(2)
    weights["decoder.4.bias"] = torch.ones(5)
    with pytest.raises(LacunaError) as error:
        loaded(weights)
    text = str(error.value)
    assert "missing: encoder.1.bias" in text and "extra: encoder.9.weight" in text
    assert "misshapen: decoder.4.bias ([5] instead of [3])" in text


def test_a_failed_load_changes_nothing(weights):
    system = systems.create("aotgan", **SMALL)
    before = {key: value.clone() for key, value in system.network.state_dict().items()}
    weights["decoder.4.bias"] = torch.ones(5)
    with pytest.raises(LacunaError):
        system.load_released(weights)
    assert all(torch.equal(value, before[key]) for key, value in system.network.state_dict().items())


def test_files_of_both_kinds_load(weights, tmp_path):
    torch.save(weights, tmp_path / "a.pth")
    save_file(weights, tmp_path / "b.safetensors")
    for path in (tmp_path / "a.pth", str(tmp_path / "b.safetensors")):
        assert torch.equal(loaded(path)["decoder.4.bias"], weights["decoder.4.bias"])


@pytest.mark.parametrize("kind", [torch.int8, torch.bool, torch.complex64, torch.uint8])
def test_weights_that_are_no_floats_are_refused_and_counters_are_not(kind, weights, tmp_path):
    weights["decoder.4.bias"] = weights["decoder.4.bias"].to(kind)
    save_file(weights, tmp_path / "q.safetensors")
    name = str(kind).removeprefix("torch.")
    for given in (weights, tmp_path / "q.safetensors"):
        with pytest.raises(LacunaError, match=rf"not floating-point, .* decoder.4.bias \({name}\)\)"):
            loaded(given)


def test_weights_that_hold_themselves_end(weights):
    inner = {"w": torch.ones(1)}
    inner["state_dict"] = {"model": inner}
    with pytest.raises(LacunaError, match="hold themselves"):
        loaded(inner)
    weights["state_dict"] = weights  # the keys are there, so nothing is opened
    with pytest.raises(LacunaError, match="extra: state_dict"):
        loaded(weights)


def test_double_precision_arrays_load(weights):
    result = loaded({key: value.numpy().astype(np.float64) for key, value in weights.items()})
    assert result["decoder.4.bias"].dtype == torch.float32
