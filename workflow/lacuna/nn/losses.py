"""Losses that systems share: between features of a pretrained network, and on a discriminator's logits of any shape.

Each returns a scalar; `weighted` computes those that count. `hinge`: Lim and Ye, "Geometric GAN", 2017 (arXiv
1705.02894). `nsgan`, non-saturating: Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014; its cross-entropy
is computed from logits, where a sigmoid would lose digits.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.islands import island

STYLE = "style of "  # before a layer's name: its Gram matrix
GAN_TYPES = ("hinge", "nsgan")


def weighted(**terms: tuple[float, Callable[[], Tensor]]) -> dict[str, Tensor]:
    """Name → weight times loss, of (weight, what computes the loss); one of weight 0 is neither computed nor there."""
    return {name: weight * loss() for name, (weight, loss) in terms.items() if weight}


@island("Gram matrix")
def gram_matrix(features: Tensor) -> Tensor:
    """N×C×H×W → N×C×C, the correlations between channels, divided by C·H·W.

    Gatys, Ecker, Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016; the divisor is the one
    of Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016.
    """
    n, channels, height, width = features.shape
    flat = features.reshape(n, channels, height * width)
    return torch.bmm(flat, flat.transpose(1, 2)) / (channels * height * width)


def perceptual_loss(of: Mapping[str, Tensor], to: Mapping[str, Tensor], layers: Iterable[str]) -> Tensor:
    """Sum over `layers` of the mean absolute difference between features (Johnson et al., ECCV 2016, with L1)."""
    return torch.stack([F.l1_loss(of[layer], to[layer]) for layer in layers]).sum()


def style_loss(of: Mapping[str, Tensor], to: Mapping[str, Tensor], layers: Iterable[str]) -> Tensor:
    """Sum over `layers` of the mean absolute difference between Gram matrices (Gatys et al., CVPR 2016, with L1).

    to: as `with_styles` returns it.
    """
    terms = []
    for layer in layers:
        true = to[STYLE + layer] if STYLE + layer in to else gram_matrix(to[layer])
        terms.append(F.l1_loss(gram_matrix(of[layer]), true))
    return torch.stack(terms).sum()


def with_styles(
    features: Mapping[str, Tensor], perceptual: tuple[float, Iterable[str]], style: tuple[float, Iterable[str]]
) -> dict[str, Tensor]:
    """What perceptual and style loss ask of true pictures, each given as (weight, layers); with weight 0 nothing.

    Of the layers of `style` that is what is smaller to keep: Gram matrices, or features of more channels than pixels.
    """
    kept = {layer: features[layer] for layer in (perceptual[1] if perceptual[0] else ())}
    for layer in style[1] if style[0] else ():
        if features[layer].shape[1] > features[layer][0, 0].numel():
            kept[layer] = features[layer]
        else:
            kept[STYLE + layer] = gram_matrix(features[layer])
    return kept


@contextmanager
def judging(discriminator: nn.Module) -> Iterator[None]:
    """While entered, what goes through a discriminator asks for no gradient of its weights, which are to stay."""
    learning = [parameter for parameter in discriminator.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


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


@island("gradient penalty")
def gradient_penalty(logits: Tensor, *inputs: Tensor) -> Tensor:
    """R1: the squared norm of the gradient of the summed logits of N pictures, as a mean over them.

    inputs: tensors N×…, from which the logits were computed and which ask for gradients; their norms are added up.
    Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do actually Converge?", ICML 2018.
    """
    gradients = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return torch.stack([each.square().flatten(1).sum(1).mean() for each in gradients]).sum()
