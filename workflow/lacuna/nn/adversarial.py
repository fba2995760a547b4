"""Adversarial losses on a discriminator's logits, of any shape; each returns a scalar.

`hinge`: Lim and Ye, "Geometric GAN", 2017 (arXiv 1705.02894). `nsgan`, non-saturating: Goodfellow et al., "Generative
Adversarial Nets", NeurIPS 2014; its cross-entropy is computed from logits, where a sigmoid would lose digits.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

GAN_TYPES = ("hinge", "nsgan")


def discriminator_loss(real: Tensor, fake: Tensor, gan_type: str) -> Tensor:
    """The mean of the losses on real and on fake pictures: real logits are pushed up, fake ones down."""
    if gan_type == "hinge":
        return (F.relu(1 - real).mean() + F.relu(1 + fake).mean()) / 2
    return (_cross_entropy(real, 1) + _cross_entropy(fake, 0)) / 2


def generator_loss(fake: Tensor, gan_type: str) -> Tensor:
    """Fake logits are pushed up."""
    return -fake.mean() if gan_type == "hinge" else _cross_entropy(fake, 1)


def _cross_entropy(logits: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
