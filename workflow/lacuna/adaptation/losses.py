"""Losses taken separately on what was hidden to learn from, the foreground, and on the rest that is known.

The thesis on test-time training (2022, section 3.2.3 and equations 2.14 to 2.18, 3.1 to 3.4). In a picture x of which
the pixels U are not known, pixels F are hidden, where the truth is known; the background B is neither. The network's
picture is y.

    completed output  c = F·y + (1 − F)·x      only F can be taught
    raw output        r = (1 − U)·y + U·x      all but U can be taught

Masks are N×1×H×W of 0 and 1, pictures N×3×H×W in [0, 1]; differences are on the thesis' scale [−1, 1]. What x shows
under U, a filler, is the same in c, r and x.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.data.compositing import composite
from lacuna.nn.edges import canny, sobel
from lacuna.nn.feature_distance import FeatureDistance, Known
from lacuna.nn.layers import gaussian_blur

CANNY_SIGMA = 1.5  # of the edges that the network is given, too


@dataclass(frozen=True)
class Weights:
    """What each loss counts, in either region; `background_l1` is the L1 loss' there.

    The structural loss is `gradient` times its mean and `edge` times its mean near edges: equation 2.16 has 1 and one
    weight, the authors' code of the network 0.1 and 1, which are the thesis' printed 0.1 and 20: the 20 cancels.
    """

    l1: float = 1.0
    background_l1: float = 1.0
    gradient: float = 0.1
    edge: float = 1.0
    perceptual: float = 0.1
    adversarial: float = 0.4


@dataclass(frozen=True)
class Regions:
    """Foreground F (1 = hidden to learn from) and what is known, 1 − U; N×1×H×W each. F lies in what is known."""

    foreground: Tensor
    known: Tensor

    @property
    def background(self) -> Tensor:
        """All that is known and not hidden."""
        return self.known * (1 - self.foreground)

    @property
    def inner(self) -> Tensor:
        """The pixels whose window of 3×3 is known wholly: there are derivatives and edges."""
        return 1 - F.max_pool2d(1 - self.known, 3, 1, 1)


@dataclass(frozen=True)
class Truth:
    """What the losses need of x alone: its derivatives N×6×H×W, its edges, blurred, N×1×H×W, and its features.

    These are by layer, or what a `FeatureDistance` compares to; None where no network is asked.
    """

    gradient: Tensor
    edges: Tensor
    features: Mapping[str, Tensor] | Known | None


@torch.no_grad()
def truth_of(x: Tensor, regions: Regions, features: nn.Module | FeatureDistance | None) -> Truth:
    """The edges are those of Canny, where no window reads what is not known, blurred once by 5×5, sigma 1."""
    edges = gaussian_blur(canny(x, CANNY_SIGMA, regions.inner), 2, 1.0)
    seen = None
    if features is not None:
        seen = features.known(x) if isinstance(features, FeatureDistance) else features(x)
    return Truth(sobel(2 * x - 1), edges, seen)


def completed_output(raw: Tensor, x: Tensor, regions: Regions) -> Tensor:
    """Equation 3.3."""
    return composite(raw, x, regions.foreground)


def raw_output(raw: Tensor, x: Tensor, regions: Regions) -> Tensor:
    """Equation 3.4."""
    return composite(raw, x, regions.known)


def region_mean(values: Tensor, weight: Tensor) -> Tensor:
    """The mean of N×C×H×W over channels and pixels, weighted by N×1×H×W; 0 where all weights are 0."""
    return (values * weight).sum() / (values.shape[1] * weight.sum()).clamp_min(1e-6)


def generator_losses(
    raw: Tensor,
    x: Tensor,
    regions: Regions,
    truth: Truth,
    features: nn.Module | FeatureDistance | None,
    discriminator: nn.Module | None,
    weights: Weights,
    background: bool,
) -> dict[str, Tensor]:
    """Weighted, by name: `foreground_l1`, … and with `background` also `background_l1`, …

    Without features there is no perceptual loss, without a discriminator no adversarial one.
    """
    made = {"foreground": (completed_output(raw, x, regions), regions.foreground)}
    if background:
        made["background"] = raw_output(raw, x, regions), regions.background
    error, slope = 2 * (raw - x).abs(), (sobel(2 * raw - 1) - truth.gradient).abs()
    losses = {}
    for name, (picture, region) in made.items():
        steep = region * regions.inner
        weight = weights.l1 if name == "foreground" else weights.background_l1
        losses[f"{name}_l1"] = weight * region_mean(error, region)
        losses[f"{name}_gradient"] = weights.gradient * region_mean(slope, steep)
        losses[f"{name}_edge"] = weights.edge * region_mean(slope, steep * truth.edges)
        if features is not None:
            losses[f"{name}_perceptual"] = weights.perceptual * feature_distance(features, picture, truth)
        if discriminator is not None:
            scores = discriminator(picture)
            judged = regions.foreground if name == "foreground" else regions.known
            losses[f"{name}_adversarial"] = -weights.adversarial * patch_mean(scores, judged)
    return losses


def discriminator_loss(raw: Tensor, x: Tensor, regions: Regions, discriminator: nn.Module, background: bool) -> Tensor:
    """Hinge: real patches score at least 1, fake ones at most −1; each kind is a mean over the patches that count."""
    pictures = [x, completed_output(raw, x, regions).detach()]
    if background:
        pictures.append(raw_output(raw, x, regions).detach())
    real, *fakes = discriminator(torch.cat(pictures)).chunk(len(pictures))
    judged = [regions.foreground, regions.known]
    loss = patch_mean(F.relu(1 - real), regions.known)
    return loss + sum(patch_mean(F.relu(1 + fake), region) for fake, region in zip(fakes, judged, strict=False))


def feature_distance(features: nn.Module | FeatureDistance, picture: Tensor, truth: Truth) -> Tensor:
    """Equation 2.17 for a picture and the truth."""
    if isinstance(features, FeatureDistance):
        assert isinstance(truth.features, Known), "`truth_of` was given the same features"
        return features(picture, truth.features)
    assert isinstance(truth.features, Mapping), "`truth_of` was given the same features"
    return perceptual(features(picture), truth.features)


def perceptual(of: Mapping[str, Tensor], to: Mapping[str, Tensor]) -> Tensor:
    """Equation 2.17: the mean over layers of the mean absolute difference between features."""
    return torch.stack([F.l1_loss(of[layer], to[layer]) for layer in to]).mean()


def patch_mean(values: Tensor, region: Tensor) -> Tensor:
    """The mean over pictures of the mean over the patches N×1×h×w of which more than half lies in the region N×1×H×W.

    A picture without such a patch counts 0.
    """
    height, width = values.shape[-2:]
    counts = (F.adaptive_avg_pool2d(region, (height, width)) > 0.5).to(values.dtype)
    number = counts.sum((1, 2, 3)).clamp_min(1)
    return ((values * counts).sum((1, 2, 3)) / number).mean()
