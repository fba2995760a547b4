"""What a training step is not told: no loss of any system looks where the truth is not known."""

import pytest
import torch

from lacuna.systems.base import Prediction, known_at
from tests.systems.test_contract import TRAINED, fitting, pictures, small, tried

CPU = torch.device("cpu")


def scene(system):
    """Image, finetuning hole and user hole, which do not touch, N×1×H×W each; neither is symmetric."""
    image, finetuning = pictures(fitting(system))
    user = torch.zeros_like(finetuning)
    height, width = user.shape[-2:]
    user[..., height - height // 3 : height - 2, width // 2 : width - 5] = 1
    return image, finetuning, user


def learned(case, folder, image, mask, known, rate=1e-3):
    """Every part's weights after two steps, and the losses of the second."""
    system = small(case)
    system.load_backbones(folder, CPU)
    optimizers = system.optimizers()
    for module in system.modules().values():
        module.train()
    for optimizer in optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = rate
    torch.manual_seed(3)  # of what a system draws meanwhile
    for _ in range(2):
        losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward(), known)
    states = {
        f"{part}.{key}": value.clone()
        for part, module in system.modules().items()
        for key, value in module.state_dict().items()
    }
    return states, losses


def same(one, other):
    return all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.slow
@pytest.mark.parametrize("case", tried(TRAINED))
def test_what_lies_where_nothing_is_known_teaches_nothing(case, random_backbones):
    """The user's hole is hidden from the network too, so that only a loss could look at it."""
    image, finetuning, user = scene(small(case))
    other, _ = pictures(image.shape[-2:], seed=5)
    changed = torch.where(user > 0, other, image)
    mask = (finetuning + user).clamp(max=1)
    (one, losses), (two, again) = (learned(case, random_backbones, each, mask, 1 - user) for each in (image, changed))
    assert same(one, two)
    assert {key: float(loss) for key, loss in losses.items()} == {key: float(loss) for key, loss in again.items()}
    # and without the known region it teaches
    assert not same(*(learned(case, random_backbones, each, mask, None)[0] for each in (image, changed)))


@pytest.mark.parametrize("case", tried(TRAINED))
def test_a_wholly_known_picture_teaches_what_it_always_taught(case, random_backbones):
    image, mask, _ = scene(small(case))
    before, _ = learned(case, random_backbones, image, mask, None)
    assert same(before, learned(case, random_backbones, image, mask, torch.ones_like(mask))[0])


@pytest.mark.parametrize("case", tried(TRAINED))
def test_the_network_is_given_the_picture_as_it_is_and_comes_back(case, random_backbones):
    system = small(case)
    system.load_backbones(random_backbones, CPU)
    image, mask, user = scene(system)
    network, seen = system.network, []
    network.register_forward_pre_hook(lambda module, given: seen.append(given))
    system.training_step(image, mask, system.optimizers(), lambda loss: loss.backward(), 1 - user)
    assert system.network is network
    assert seen and all(torch.equal(given[0], image) and torch.equal(given[1], mask) for given in seen)


def test_the_network_comes_back_from_a_step_that_fails(random_backbones):
    system = small("aotgan")
    image, mask, user = scene(system)
    network = system.network
    with pytest.raises(AttributeError, match="features"):  # of a backbone that was never loaded
        system.training_step(image, mask, system.optimizers(), lambda loss: loss.backward(), 1 - user)
    assert system.network is network


@pytest.mark.parametrize("case", tried(TRAINED))
def test_no_output_has_a_gradient_where_nothing_is_known(case):
    system = small(case)
    image, mask, user = scene(system)
    raw = system.network(image, mask).raw.detach().requires_grad_()
    kept = Prediction(raw).known_only(torch.full_like(image, 0.5), 1 - user).raw
    kept.sum().backward()
    assert torch.equal(raw.grad, (1 - user).expand_as(raw))


@pytest.mark.parametrize("size", [(9, 13), (6, 7), (18, 26), (24, 40)])
def test_a_pixel_of_another_size_is_known_if_all_that_it_is_made_of_is(size):
    """Resampled by any rule, a value on unknown pixels shows nowhere that is called known."""
    known = torch.ones(1, 1, 18, 26)
    known[..., 7:9, 11:16] = 0
    there = known_at(known, size)
    assert set(there.unique().tolist()) <= {0.0, 1.0}
    if size == (18, 26):
        assert torch.equal(there, known)
    for rule in ("bilinear", "bicubic"):
        for corners in (False, True):
            leaked = torch.nn.functional.interpolate(1 - known, size, mode=rule, align_corners=corners)
            assert not (leaked * there).any()
