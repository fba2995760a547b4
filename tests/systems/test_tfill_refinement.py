"""TFill's second stage: its layer against a loop, what it is given, what it learns from, and what it refuses."""

import numpy as np
import pytest
import torch
from torch import nn

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._tfill_refinement import PARAMETERS, AttentionAwareLayer
from lacuna.systems.tfill import Recipe
from tests.systems.references import smooth_picture

SMALL = {**systems.system_class("tfill").small, "refinement": True}


def made(**settings):
    torch.manual_seed(0)
    return systems.create("tfill", **{**SMALL, **settings})


def picture(height=24, width=36, n=2):
    image, mask = smooth_picture(height, width, slice(3, 15), slice(14))
    return image.repeat(n, 1, 1, 1), mask.repeat(n, 1, 1, 1)


def test_size_is_the_one_stated_as_ours():
    with torch.device("meta"):
        plain, system = (systems.create("tfill", refinement=refinement).network for refinement in (False, True))
    counts = [sum(each.numel() for each in network.parameters()) for network in (plain, system)]
    assert counts == [64_179_271, 64_179_271 + PARAMETERS]
    (stated,) = (each for each in systems.system_class("tfill").facts.deviations if each.switch == "refinement")
    assert "19,119,683 parameters; the authors' has 45,268,041" in stated.what


def test_the_attention_aware_layer_against_a_loop():
    torch.manual_seed(0)
    layer = AttentionAwareLayer(4).double()
    x, encoded = torch.randn(2, 2, 4, 2, 3, dtype=torch.float64)
    hole = torch.tensor([[0.0, 0.25, 1.0, 1.0, 0.5, 0.0], [1, 1, 1, 1, 1, 1]], dtype=torch.float64).view(2, 1, 2, 3)
    with torch.no_grad():
        found = layer(x, encoded, hole).flatten(2).numpy()
        normed = layer.norm(x)
        query, key, visible, completed = (
            each.flatten(2).numpy()
            for each in (layer.query(normed), layer.key(normed), layer.visible(encoded), layer.completed(normed))
        )
        weight, bias = layer.out.weight[:, :, 0, 0].numpy(), layer.out.bias.numpy()
    flat = x.flatten(2).numpy()
    for n in range(2):
        shares = hole[n].flatten().numpy()
        for place in range(6):
            likeness = [query[n, :, place] @ key[n, :, other] / 2 for other in range(6)]
            answers, closest = [], []
            for share, values in ((1 - shares, visible[n]), (shares, completed[n])):
                scores = [like + np.log(max(part, 1e-6)) for like, part in zip(likeness, share, strict=True)]
                odds = np.exp(scores) / np.exp(scores).sum()
                answers.append(sum(odd * values[:, other] for other, odd in enumerate(odds)))
                closest.append(np.exp(max(scores)))
            heard = (closest[0] * answers[0] + closest[1] * answers[1]) / sum(closest)
            np.testing.assert_allclose(found[n, :, place], flat[n, :, place] + weight @ heard + bias, atol=1e-12)


def test_it_is_given_the_composite_and_the_mask_and_draws_the_raw_prediction():
    network = made(noise_in_prediction=False).network.double().eval()
    image, mask = picture()
    given = []
    network.refiner.register_forward_pre_hook(lambda _, inputs: given.extend(inputs))
    with torch.no_grad():
        prediction = network(image, mask)
        first = made(refinement=False, noise_in_prediction=False).network.double().eval()
        first.load_state_dict({k: v for k, v in network.state_dict().items() if not k.startswith("refiner.")})
        coarse = first(image, mask)
        assert torch.equal(prediction.coarse, coarse.coarse)
        torch.testing.assert_close(given[0], torch.where(mask == 1, coarse.raw.clamp(0, 1), image))
        assert torch.equal(given[1], mask)
        torch.testing.assert_close(prediction.raw, network.refiner(given[0], mask))
    assert (prediction.raw - coarse.raw).abs().max() > 0.01


def test_nothing_reaches_back_into_the_first_stage():
    network = made().network
    network(*(each.float() for each in picture())).raw.square().sum().backward()
    reached = {key.split(".")[0] for key, each in network.named_parameters() if each.grad is not None}
    assert reached == {"refiner"}


@pytest.mark.parametrize(("image_size", "judged"), [(8, 8), (96, 64), (256, 256), (511, 256)])
def test_the_second_discriminator_has_a_power_of_two(image_size, judged):
    assert Recipe(refinement=True, image_size=image_size).refined_size == judged


def test_sizes_are_the_second_stages():
    system = made()
    assert system.size_multiple == system.minimal_size == 4
    assert made(refinement=False).size_multiple == 1
    image, mask = picture(22, 37, n=1)
    with pytest.raises(LacunaError, match="multiples of 4, not 22×37"):
        system.network(image.float(), mask.float())
    assert system.predict(image.float(), mask.float()).shape == image.shape
    with pytest.raises(LacunaError, match="refines pictures from 8 pixels on, and its 'image_size' is 7"):
        made(image_size=7)


class Toy(nn.Module):
    """A discriminator that looks at one number, brightness · weight; it notes what it was shown."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
        self.shown = []

    def forward(self, image):
        self.shown.append(tuple(image.shape[-2:]))
        return image.mean((1, 2, 3))[:, None] * self.weight


def test_the_second_stage_learns_by_the_same_losses_at_its_own_size(random_backbones):
    system = made(noise_in_prediction=False, hole_weight=2.0, adversarial_weight=0.5)
    system.load_backbones(random_backbones, torch.device("cpu"))
    system.network.double().eval()
    system.discriminator, system.refined_discriminator = Toy(), Toy()
    image, mask = picture()
    with torch.no_grad():
        raw = system.network(image, mask).raw
    optimizers = {name: torch.optim.SGD(each.parameters(), lr=0.0) for name, each in system.modules().items()}
    losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())

    terms = ["reconstruction", "perceptual", "adversarial"]
    names = [*terms, *(f"refined_{term}" for term in terms), "discriminator", "refined_discriminator"]
    assert list(losses) == names
    assert set(system.discriminator.shown) == set(system.refined_discriminator.shown) == {(16, 16)}
    error = (raw - image).abs()
    expected = 10 * 2 * (2 * (error * mask).mean() + (error * (1 - mask)).mean())
    assert float(losses["refined_reconstruction"]) == pytest.approx(float(expected), rel=1e-9)
    assert float(losses["refined_perceptual"]) == pytest.approx(10 * float(system.similarity(raw, image)), rel=1e-6)
    at_16 = nn.functional.interpolate(raw, (16, 16), mode="bicubic", align_corners=True).mean((1, 2, 3))
    assert float(losses["refined_adversarial"]) == pytest.approx(0.5 * float(torch.log1p(torch.exp(-at_16)).mean()))
    for discriminator in (system.discriminator, system.refined_discriminator):
        assert discriminator.weight.requires_grad and discriminator.weight.grad != 0


def test_weights_without_a_second_stage_are_refused_with_the_reason():
    system = made()
    state = system.network.state_dict()
    authors = {
        net: {key.removeprefix(f"{net}."): value for key, value in state.items() if key.startswith(net)}
        for net in ("netE", "netT", "netG")
    }
    with pytest.raises(LacunaError, match="needs weights of its own second stage, which these do not hold"):
        system.load_released(authors)
    other = made()
    other.load_released({f"module.{key}": value + 1 for key, value in state.items()})
    assert all(torch.equal(value, state[key] + 1) for key, value in other.network.state_dict().items())
