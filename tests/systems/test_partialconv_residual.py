"""The residual encoder: what it adds to the plain one, what it leaves alone, and the experiment that compares them."""

from pathlib import Path

import pytest
import torch
import yaml

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.plan import Plan
from lacuna.systems._catalogue import describe

EXPERIMENT = Path(__file__).parents[2] / "config" / "experiments" / "partialconv_residual.yaml"
SMALL = {"width": 4, "levels": 3}


def pair(seed=0):
    """Plain and residual networks from one seed."""
    networks = []
    for name in ("partialconv", "partialconv_residual"):
        torch.manual_seed(seed)
        networks.append(systems.create(name, **SMALL).network.eval())
    return networks


def pictures(size=(24, 40)):
    image = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1))
    mask = torch.zeros(2, 1, *size)
    mask[:, :, 2:, :19] = 1
    return image, mask


def test_the_price_is_what_the_file_says():
    plain, residual = describe("partialconv"), describe("partialconv_residual")
    assert residual["parameters"] == 26_738_452
    assert residual["parameters"] / plain["parameters"] == pytest.approx(1.037, abs=5e-4)
    assert residual["macs_256"] / plain["macs_256"] == pytest.approx(1.013, abs=5e-4)


def test_it_begins_as_the_plain_network_with_the_same_weights():
    plain, residual = pair()
    state = residual.state_dict()
    assert set(state) - set(plain.state_dict()) == {f"shortcut_{level}.projection.weight" for level in (1, 2, 3)}
    assert all(torch.equal(state[key], value) for key, value in plain.state_dict().items())
    image, mask = pictures()
    assert torch.equal(plain(image, mask).raw, residual(image, mask).raw)


def test_weights_of_the_plain_network_load():
    plain, _ = pair(seed=4)
    loaded = systems.load_released("partialconv_residual", plain.state_dict(), **SMALL).network.eval()
    image, mask = pictures()
    assert torch.equal(plain(image, mask).raw, loaded(image, mask).raw)


def test_shortcuts_are_all_given_or_none():
    _, residual = pair()
    state = residual.state_dict()
    del state["shortcut_2.projection.weight"]
    with pytest.raises(LacunaError, match=r"missing: shortcut_2.projection.weight\)"):
        systems.load_released("partialconv_residual", state, **SMALL)


def test_a_dead_window_erases_in_the_plain_network_only():
    """Two feature maps that differ where the mask is 0: the plain stage cannot tell them apart, the residual can."""
    plain, residual = pair()
    with torch.no_grad():
        for level in residual.levels:
            torch.nn.init.normal_(getattr(residual, f"shortcut_{level}").projection.weight)
    valid = torch.zeros(1, 1, 8, 12)
    valid[..., 8:] = 1
    x = torch.randn(1, 4, 8, 12)
    other = x + (1 - valid)
    for network, same in ((plain, True), (residual, False)):
        (y, alive), (changed, _) = network.encode(2, x, valid), network.encode(2, other, valid)
        dead = (alive == 0).expand_as(y)
        assert dead.any() and not dead.all()
        assert torch.equal(y[dead], changed[dead]) == same
        assert torch.equal(y, changed) == same


def test_masks_are_those_of_the_plain_network():
    plain, residual = pair()
    with torch.no_grad():
        for parameter in residual.parameters():
            parameter.add_(0.1)
    image, mask = pictures((24, 80))
    mask[:, :, :, :60] = 1
    assert 0 < plain(image, mask).mask.mean() < 1
    assert torch.equal(plain(image, mask).mask, residual(image, mask).mask)


def test_the_experiments_config_is_valid_and_treats_both_alike(tmp_path):
    config = yaml.safe_load(EXPERIMENT.read_text())
    plan = Plan(config, tmp_path)
    assert [label for label, _ in plan.every_training()] == 3 * ["partialconv"] + 3 * ["partialconv_residual"]
    assert config["systems"]["partialconv"] == config["systems"]["partialconv_residual"]
