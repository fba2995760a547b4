"""Adapters on convolutions: what they are at first, what they learn, and what is left of them."""

import pytest
import torch
from torch import nn

from lacuna.adaptation.adapters import attach, merge, merged_state
from lacuna.errors import LacunaError
from tests.systems.structures import scene, tiny


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, (3, 5), padding=(1, 2)),
        nn.BatchNorm2d(6),
        nn.ConvTranspose2d(6, 4, 4, 2, 1),
        nn.Conv2d(4, 4, 3, padding=1, groups=2),
    ).eval()


def taught(net, learning, steps=3):
    optimizer = torch.optim.Adam(learning, 0.01)
    for seed in range(steps):
        x = torch.rand(2, 3, 8, 11, generator=torch.Generator().manual_seed(seed))
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()


def test_a_network_with_new_adapters_is_the_network():
    net, x = network(), torch.rand(1, 3, 8, 11)
    before = net(x)
    attach(net, rank=2, scale=3.0)
    assert torch.equal(net(x), before)


def test_only_the_adapters_learn_and_they_are_few():
    net = network()
    own = {key: value.clone() for key, value in net.state_dict().items()}
    learning = attach(net, rank=2, scale=1.0)
    assert [tuple(each.shape) for each in learning] == [(2, 45), (6, 2), (2, 64), (6, 2), (2, 18), (4, 2)]
    assert set(learning) == {each for each in net.parameters() if each.requires_grad}
    taught(net, learning)
    for key, value in net.state_dict().items():
        original = key.replace("parametrizations.weight.original", "weight")
        if original in own:
            assert torch.equal(value, own[original]), key
    merged = merged_state(net)
    for key in ("0.weight", "2.weight", "3.weight"):
        change = (merged[key] - own[key]).flatten(1)
        assert change.any() and torch.linalg.matrix_rank(change, atol=1e-6) <= 2
    assert set(merged) == set(own)
    assert all(
        torch.equal(merged[key], own[key]) for key in own if not key.endswith(("0.weight", "2.weight", "3.weight"))
    )


def test_merged_it_predicts_the_same_and_has_its_own_keys_again():
    net, x = network(), torch.rand(1, 3, 8, 11)
    keys = set(net.state_dict())
    taught(net, attach(net, rank=3, scale=0.5))
    with torch.no_grad():
        before, state = net(x), merged_state(net)
        merge(net)
        assert torch.equal(net(x), before)
    assert set(net.state_dict()) == keys
    assert all(torch.equal(value, state[key]) for key, value in net.state_dict().items())


def test_the_scale_multiplies_what_was_learned():
    changes = []
    for scale in (1.0, 2.0):
        net = network()
        before = net[0].weight.detach().clone()
        attach(net, rank=2, scale=scale)
        with torch.no_grad():
            net[0].parametrizations.weight[0].up.fill_(0.1)
            net[0].parametrizations.weight[0].down.fill_(0.5)
        changes.append(net[0].weight - before)
    torch.testing.assert_close(changes[0], torch.full_like(changes[0], 0.1))
    torch.testing.assert_close(changes[1], 2 * changes[0])


def test_patterns_choose_the_convolutions_of_a_system():
    system = tiny(form="thesis_small")
    learning = attach(system.network, 1, 1.0, ("stages.*.embedding.*",))
    assert len(learning) == 2 * 2
    with torch.no_grad():
        assert system.network(*scene()).raw.isfinite().all()


def test_what_cannot_be_is_said():
    with pytest.raises(LacunaError, match="at least 1, not 0"):
        attach(network(), 0, 1.0)
    with pytest.raises(LacunaError, match="no convolution has a name like decoder"):
        attach(network(), 1, 1.0, ("decoder.*",))
