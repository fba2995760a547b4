"""AOT-GAN against its authors' network, and its losses against arithmetic done by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.nn.layers import gaussian_blur
from lacuna.systems._catalogue import describe
from lacuna.systems.aotgan import Recipe, discriminator_loss, generator_loss
from tests.systems.references import (
    assert_as_recorded,
    authors_shapes,
    difference_but_for_a_factor,
    settled,
    shapes,
    smooth_picture,
    with_simple_weights,
)

SMALL = {"width": 4, "blocks": 1, "rates": (1, 2), "discriminator_width": 4}


# ---------------------------------------------------------------------- is it the authors' network?


def test_size_is_the_published_one():
    described = describe("aotgan")
    assert described["parameters"] == 15_200_835
    assert described["parts"]["discriminator"] == sum(
        parameter.numel() for parameter in systems.create("aotgan", blocks=1).discriminator.parameters()
    )
    assert round(described["macs_256"] / 1e9, 3) == 72.876


@pytest.mark.parametrize("part", ["network", "discriminator"])
def test_keys_and_shapes_are_the_authors(part):
    assert shapes(systems.create("aotgan").modules()[part]) == authors_shapes(f"aotgan.{part}.txt")


@pytest.mark.slow
def test_generator_equals_the_authors(golden):
    authors = golden("aotgan")
    network = systems.load_released("aotgan", authors.weights()).network.double()
    with torch.no_grad():
        raw = network(*authors.inputs(torch.float64)).raw
    assert authors.difference(raw) <= 1e-6


@pytest.mark.slow
def test_discriminator_equals_the_authors(golden):
    authors = golden("aotgan")
    weights = authors.weights("disc.keys", later=1, gains=[])
    torch.manual_seed(0)
    system = systems.create("aotgan", blocks=1)
    system.load_released(weights, "discriminator")
    image, mask, raw = authors.inputs(torch.float64, "image", "hole", "raw0")
    discriminator = settled(system.discriminator.double(), image)
    with torch.no_grad():
        ours = torch.cat([discriminator(image), discriminator(mask * raw + (1 - mask) * image)]).numpy()
    theirs = np.stack([authors.expected["disc_image"], authors.expected["disc_composite"]])
    assert difference_but_for_a_factor(ours, theirs, weights["conv.8.bias"][0], 0.02) <= 1e-6


def test_recorded_output_stays():
    network = with_simple_weights(systems.create("aotgan", **SMALL).network, 2.0)
    with torch.no_grad():
        raw = network(*smooth_picture(40, 52, slice(5, 20), slice(17))).raw
    assert_as_recorded("aotgan", raw[0])


# ---------------------------------------------------------------------- what it can be told


@pytest.mark.parametrize(
    "settings", [{"feature_network": "vgg13"}, {"width": 0}, {"rates": [1, 2, 3]}, {"width": 5, "rates": [1, 2, 3]}]
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(LacunaError):
        systems.create("aotgan", **settings)


def test_the_feature_network_is_the_backbone_needed():
    cls = systems.system_class("aotgan")
    assert cls.backbones(Recipe()) == ("vgg19",)
    assert cls.backbones(Recipe(feature_network="vgg16")) == ("vgg16",)


def test_the_smallest_size_follows_the_largest_rate():
    assert systems.create("aotgan", **SMALL).minimal_size == 12
    system = systems.create("aotgan", **{**SMALL, "rates": (1, 8)})
    assert system.minimal_size == 36
    with pytest.raises(LacunaError, match="at least 36"):
        system.network(torch.zeros(1, 3, 32, 40), torch.zeros(1, 1, 32, 40))
    system.network(torch.zeros(1, 3, 36, 40), torch.zeros(1, 1, 36, 40))


def test_the_discriminator_refuses_what_it_cannot_take():
    discriminator = systems.create("aotgan", **SMALL).discriminator
    assert discriminator(torch.zeros(1, 3, 24, 30)).shape == (1, 1, 1, 1)
    with pytest.raises(LacunaError, match="at least 24 pixels, not 20×40"):
        discriminator(torch.zeros(1, 3, 20, 40))


# ---------------------------------------------------------------------- losses


class Toy(nn.Module):
    """A discriminator that looks at one number: logit = brightness · weight. It has one parameter, to see gradients."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))

    def forward(self, image):
        return image.mean(1, keepdim=True) * self.weight


def test_discriminator_learns_real_0_and_fake_the_soft_mask():
    real = torch.tensor([[[[0.5, 0.0]]]])
    fake = torch.tensor([[[[0.25, 1.0]]]])
    soft = torch.tensor([[[[0.25, 0.5]]]])
    assert float(discriminator_loss(real, fake, soft)) == pytest.approx((0 + 0.25) / 2 + 0.25 / 2)


def test_generator_is_pushed_towards_real_by_default_and_towards_fake_as_released():
    """At logit 0.5 (undecided between real = 0 and fake = 1) the two switch positions pull in opposite directions."""
    mask = torch.tensor([[[[1.0, 1.0, 0.0, 0.0]]]])
    for as_released, sign in ((False, 1.0), (True, -1.0)):
        logits = torch.full((1, 1, 1, 4), 0.5, requires_grad=True)
        generator_loss(logits, mask, as_released).backward()
        assert torch.equal(logits.grad.sign()[0, 0, 0, :2], torch.tensor([sign, sign]))


def test_generator_loss_counts_the_hole_only_by_default_and_everything_as_released():
    logits = torch.tensor([[[[0.2, 0.6, 5.0, -3.0]]]])
    mask = torch.tensor([[[[1.0, 1.0, 0.0, 0.0]]]])
    assert float(generator_loss(logits, mask, False)) == pytest.approx((0.2**2 + 0.6**2) / 2)
    expected = ((0.2 - 1) ** 2 + (0.6 - 1) ** 2 + 4.0**2 + 4.0**2) / 4
    assert float(generator_loss(logits, mask, True)) == pytest.approx(expected)
    assert float(generator_loss(logits, torch.zeros_like(mask), False)) == 0


def toy_step(as_released, random_backbones):
    """One training step with the toy discriminator and steps of size zero; returns the system and its losses."""
    torch.manual_seed(0)
    system = systems.create("aotgan", **SMALL, as_released=as_released, image_size=32)
    system.load_backbones(random_backbones, torch.device("cpu"))
    system.network.double()
    system.discriminator = Toy()
    optimizers = {name: torch.optim.SGD(module.parameters(), lr=0.0) for name, module in system.modules().items()}
    image = torch.rand(2, 3, 32, 40, dtype=torch.float64)
    mask = torch.zeros(2, 1, 32, 40, dtype=torch.float64)
    mask[:, :, 4:20, :15] = 1
    losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())
    with torch.no_grad():
        raw = system.network(image, mask).raw
    return system, losses, image, mask, mask * raw + (1 - mask) * image


def test_discriminators_gradient_is_its_own_by_default_and_mixed_as_released(random_backbones):
    for as_released in (False, True):
        system, _, image, mask, made = toy_step(as_released, random_backbones)
        weight = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
        real, fake = (picture.mean(1, keepdim=True) * weight for picture in (image, made))
        soft = gaussian_blur(mask, *system.recipe.soft_mask_blur())
        own = ((fake - soft) ** 2).mean() + (real**2).mean()
        expected = own + 0.01 * ((fake - 1) ** 2).mean() if as_released else own
        expected.backward()
        assert float(system.discriminator.weight.grad) == pytest.approx(float(weight.grad), rel=1e-9)


def test_logged_losses_carry_the_authors_weights(random_backbones):
    system, losses, image, mask, made = toy_step(False, random_backbones)
    with torch.no_grad():
        raw = system.network(image, mask).raw
    assert list(losses) == ["l1", "style", "perceptual", "adversarial", "discriminator"]
    # the authors' L1 is on the scale [-1, 1]: twice ours
    assert float(losses["l1"]) == pytest.approx(2 * float((raw - image).abs().mean()))
    fooling = (made.mean(1, keepdim=True) ** 2 * mask).sum() / mask.sum()
    assert float(losses["adversarial"]) == pytest.approx(0.01 * float(fooling))


def test_soft_mask_is_a_normalised_blur_with_zeros_outside():
    mask = torch.zeros(1, 1, 9, 13, dtype=torch.float64)
    mask[0, 0, 2:6, 0:4] = 1
    radius, sigma = 2, 1.5
    weights = np.array([[np.exp(-(i * i + j * j) / (2 * sigma**2)) for j in range(-2, 3)] for i in range(-2, 3)])
    weights /= weights.sum()
    padded = np.pad(mask[0, 0].numpy(), radius)
    expected = [[(padded[y : y + 5, x : x + 5] * weights).sum() for x in range(13)] for y in range(9)]
    np.testing.assert_allclose(gaussian_blur(mask, radius, sigma)[0, 0], expected, atol=1e-12)
    inside = gaussian_blur(torch.ones(1, 1, 20, 30, dtype=torch.float64), radius, sigma)
    assert float(inside[0, 0, 10, 15]) == pytest.approx(1)


def test_the_blur_is_the_authors_at_their_size_and_keeps_its_share_at_others():
    assert Recipe().soft_mask_blur() == (35, 10.0)
    assert Recipe(image_size=64).soft_mask_blur() == (4, 1.25)
    assert Recipe(image_size=64, as_released=True).soft_mask_blur() == (35, 10.0)


def test_initial_weights_are_normal_with_deviation_0_02():
    torch.manual_seed(0)
    system = systems.create("aotgan", blocks=1)
    for module in system.modules().values():
        for name, parameter in module.named_parameters():
            if parameter.dim() > 1 and parameter.numel() > 5000:
                assert float(parameter.detach().std()) == pytest.approx(0.02, rel=0.05), name
            elif parameter.dim() == 1:
                assert not parameter.any(), name
