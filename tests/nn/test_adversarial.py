"""Signs and sizes of the adversarial losses, by hand."""

import math

import pytest
import torch

from lacuna.nn.losses import GAN_TYPES, discriminator_loss, generator_loss


def test_hinge_by_hand():
    real, fake = torch.tensor([0.5, 3.0, -1.0]), torch.tensor([[-2.0, 0.25]])
    assert float(discriminator_loss(real, fake, "hinge")) == pytest.approx(((0.5 + 0 + 2) / 3 + (0 + 1.25) / 2) / 2)
    assert float(generator_loss(fake, "hinge")) == pytest.approx((2 - 0.25) / 2)


def test_nsgan_is_the_cross_entropy_of_the_sigmoid():
    real, fake = torch.tensor([0.5, 3.0, -1.0]), torch.tensor([[-2.0, 0.25]])

    def probability(logit):
        return 1 / (1 + math.exp(-logit))

    for_real = sum(-math.log(probability(logit)) for logit in (0.5, 3.0, -1.0)) / 3
    for_fake = sum(-math.log(1 - probability(logit)) for logit in (-2.0, 0.25)) / 2
    fooling = sum(-math.log(probability(logit)) for logit in (-2.0, 0.25)) / 2
    assert float(discriminator_loss(real, fake, "nsgan")) == pytest.approx((for_real + for_fake) / 2)
    assert float(generator_loss(fake, "nsgan")) == pytest.approx(fooling)


@pytest.mark.parametrize("gan_type", GAN_TYPES)
def test_the_two_pull_a_fake_in_opposite_directions(gan_type):
    real, fake = torch.zeros(3, requires_grad=True), torch.zeros(2, requires_grad=True)
    discriminator_loss(real, fake, gan_type).backward()
    assert (real.grad < 0).all() and (fake.grad > 0).all()
    fake.grad = None
    generator_loss(fake, gan_type).backward()
    assert (fake.grad < 0).all()


def test_sure_logits_have_finite_losses():
    real, fake = torch.full((2,), -200.0), torch.full((2,), 200.0)
    assert float(discriminator_loss(real, fake, "nsgan")) == pytest.approx(200)
