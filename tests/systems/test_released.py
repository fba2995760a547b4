"""Strict loading of other people's checkpoints."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._released import read_tensors

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


class Surprise:
    def __reduce__(self):
        return print, ("code was run",)


def test_a_file_that_would_run_code_is_refused(tmp_path, capsys):
    torch.save({"a": Surprise()}, tmp_path / "bad.pth")
    with pytest.raises(LacunaError, match="cannot be read without running code"):
        read_tensors(tmp_path / "bad.pth")
    assert "code was run" not in capsys.readouterr().out


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(LacunaError, match="do not exist"):
        read_tensors(tmp_path / "none.safetensors")


def test_double_precision_arrays_load(weights):
    result = loaded({key: value.numpy().astype(np.float64) for key, value in weights.items()})
    assert result["decoder.4.bias"].dtype == torch.float32
