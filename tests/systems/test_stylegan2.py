"""What MI-GAN's and MAT's trainings share: steps, rates, what is judged."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._stylegan2 import sizes, with_known
from tests.systems.references import smooth_picture

NAMES = ("migan", "mat")
WITHOUT_FEATURES = {"migan": {}, "mat": {"perceptual_weight": 0.0}}


class Toy(nn.Module):
    """A discriminator of one weight that remembers what it was given."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5, dtype=torch.float64))
        self.seen = []

    def forward(self, known, *pictures):
        self.seen.append((known.detach(), *(each.detach() for each in pictures)))
        logits = [(each.square().mean((1, 2, 3)) + known.mean((1, 2, 3))) * self.weight for each in pictures]
        return torch.stack(logits, 1)


def scene(n=2, height=32, width=48):
    image, mask = smooth_picture(height, width, slice(3, 20), slice(17))
    return torch.cat([image, 1 - image])[:n], mask.expand(n, -1, -1, -1).contiguous()


def stepped(name, step=0, **settings):
    """A small system with a toy for its judge after one step at rate 0, and the losses."""
    torch.manual_seed(0)
    system = systems.create(name, **{**systems.system_class(name).small, **WITHOUT_FEATURES[name], **settings})
    system.network.double()
    with torch.no_grad():
        for key, parameter in system.network.named_parameters():
            if key.endswith("noise_strength"):
                parameter.fill_(0.5)
    system.discriminator = Toy()
    optimizers = {part: torch.optim.SGD(module.parameters(), lr=0.0) for part, module in system.modules().items()}
    system.before_step(step, 0.0, optimizers)
    torch.manual_seed(5)
    size = system.padded_size(32), system.padded_size(48)
    image, mask = scene(2, *size)
    return system, image, mask, system.training_step(image, mask, optimizers, lambda loss: loss.backward())


def test_what_is_known_comes_first_and_the_hole_is_grey():
    image, mask = scene()
    found = with_known(image, mask)
    assert torch.equal(found[:, :1], 0.5 - mask)
    assert torch.equal(found[:, 1:], torch.where(mask == 1, torch.zeros_like(image), 2 * image - 1))


def test_sizes_are_halved():
    assert sizes(64, 4) == [64, 32, 16, 8, 4] and sizes(4, 4) == [4]


@pytest.mark.parametrize("name", NAMES)
def test_rates_are_those_of_lazy_regularisation(name):
    optimizers = systems.create(name, **systems.system_class(name).small).optimizers()
    for part, share in (("network", 4 / 5), ("discriminator", 16 / 17)):
        group = optimizers[part].param_groups[0]
        assert group["lr"] == pytest.approx(1e-3 * share)
        assert group["betas"] == pytest.approx((0.0, 0.99**share)) and group["eps"] == 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_judge_sees_composites_and_each_part_learns_from_its_own_prediction(name):
    system, image, mask, losses = stepped(name)
    fooling, fake, real = system.discriminator.seen
    size = (system.recipe.resolution,) * 2
    known = 0.5 - F.interpolate(mask, size)
    truth = 2 * F.interpolate(image, size, mode="bilinear") - 1
    outside = (F.interpolate(mask, size, mode="bilinear") == 0).expand_as(truth)
    for seen in (fooling, fake, real):
        assert torch.equal(seen[0], known)
        for picture in seen[1:]:
            torch.testing.assert_close(picture[outside], truth[outside])
    for picture in real[1:]:
        torch.testing.assert_close(picture, truth)
    assert not torch.equal(fooling[1], fake[1])  # noise was drawn anew

    def judged(seen):
        return torch.stack([(each.square().mean((1, 2, 3)) + known.mean((1, 2, 3))) * 0.5 for each in seen[1:]], 1)

    expected = F.softplus(-judged(fooling)).mean(0).sum()
    assert float(losses["adversarial"]) == pytest.approx(float(expected), rel=1e-9)
    expected = (F.softplus(judged(fake)) + F.softplus(-judged(real))).mean(0).sum()
    assert float(losses["discriminator"]) == pytest.approx(float(expected), rel=1e-9)
    assert losses["l1"] > 0
    assert all(parameter.requires_grad for parameter in system.discriminator.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_the_penalty_is_every_sixteenth_step_and_of_the_authors_inputs(name):
    """Of logits w·(mean of squares + mean of known): 2·w·x/n for each picture, and for MI-GAN w/m of what is known."""
    system, image, _, losses = stepped(name)
    size = system.recipe.resolution
    truth = 2 * F.interpolate(image, (size, size), mode="bilinear") - 1
    branches = len(system.discriminator.seen[0]) - 1
    expected = branches * (0.5 * 2 * truth / (3 * size**2)).square().sum((1, 2, 3)).mean()
    if name == "migan":
        expected = expected + (0.5 / size**2) ** 2 * size**2
    assert float(losses["gradient_penalty"]) == pytest.approx(16 * 10 / 2 * float(expected), rel=1e-9)
    for step, counts in ((1, False), (15, False), (16, True), (32, True)):
        assert bool(stepped(name, step)[3]["gradient_penalty"]) == counts


@pytest.mark.parametrize("name", NAMES)
def test_gradients_that_are_not_finite_are_made_so(name):
    system, *_ = stepped(name)
    parameter = next(system.network.parameters())
    system.network.zero_grad()
    optimizers = system.optimizers()
    before = parameter.detach().clone()

    def backward(loss):
        parameter.grad = torch.full_like(parameter, float("nan"))
        parameter.grad.view(-1)[0], parameter.grad.view(-1)[1] = math.inf, -math.inf

    system._update("network", {"l1": torch.zeros(())}, optimizers, backward)
    assert parameter.grad.flatten().tolist()[:3] == [1e5, -1e5, 0.0]
    moved = (parameter - before).flatten()
    assert moved[0] < 0 < moved[1] and not moved[2:].any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"resolution": 48}, "'resolution' .* is a power of two from .* on, not 48"),
        ({"channel_max": 0}, "channel_max of at least 1"),
        ({"channel_base": 12}, "channel_base of at least its resolution"),
        ({"adversarial_weight": 0.0, "l1_weight": 0.0}, "learns from nothing"),
    ],
)
def test_impossible_settings_are_refused(name, settings, complaint):
    with pytest.raises(LacunaError, match=complaint):
        systems.create(name, **{**systems.system_class(name).small, **WITHOUT_FEATURES[name], **settings})
