"""RePaint: a diffusion model that never saw a mask, made to agree with the known pixels while it draws a picture.

A. Lugmayr, M. Danelljan, A. Romero, F. Yu, R. Timofte, L. Van Gool, "RePaint: Inpainting using Denoising Diffusion
Probabilistic Models", CVPR 2022 (arXiv 2201.09865), over the model of J. Ho, A. Jain, P. Abbeel, "Denoising Diffusion
Probabilistic Models", NeurIPS 2020. Particular: the network learns to take noise from whole pictures, so that masks
decide nothing in training; predicting asks it some two thousand times for one picture, and every seed has another one.
The network here is small, written from the papers' formulas, and works on pixels.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.canonical import digest, seed_of
from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.nn.diffusion import Levels, evaluations, walk
from lacuna.systems import base
from lacuna.systems._denoiser import Denoiser
from lacuna.systems.base import GREY, Deviation, Facts, Prediction, System, require_size, where_known


@dataclass(frozen=True)
class Recipe(base.Recipe):
    """Hyper-parameters: of training those of Ho et al. for 256 pixels, of predicting those of Lugmayr et al.

    width: channels at the picture's own size, times `multipliers` at each halving. blocks: residual blocks at each
    size. levels: of noise in training, whose variances rise evenly from `first_variance` to `last_variance`.
    sampling_levels: of those, evenly spread, that a prediction goes down. jump_length, resamplings: predicting goes
    back up by so many levels, so that it comes to each of them so often; 1 resampling is none. A prediction costs
    `evaluations` of the network. Ho et al. predict with an average of the weights (a decay of 0.9999).
    """

    image_size: int = 256
    batch_size: int = 64
    iterations: int = 2_400_000
    width: int = 64
    multipliers: tuple[int, ...] = (1, 2, 2, 4)
    blocks: int = 2
    levels: int = 1000
    first_variance: float = 1e-4
    last_variance: float = 0.02
    learning_rate: float = 2e-5
    sampling_levels: int = 250
    jump_length: int = 10
    resamplings: int = 10

    def __post_init__(self):
        super().__post_init__()
        if self.width < 2 or min(self.blocks, *self.multipliers) < 1:
            raise LacunaError("system 'repaint' needs a width of at least 2, and blocks and multipliers of at least 1")
        if not 0 < self.first_variance <= self.last_variance < 1:
            raise LacunaError(
                "the variances of system 'repaint' rise from 'first_variance' to 'last_variance', between 0 and 1, not "
                f"from {self.first_variance} to {self.last_variance}; change them"
            )
        if not 1 <= self.sampling_levels <= self.levels:
            raise LacunaError(
                f"system 'repaint' predicts with 1 to {self.levels} 'sampling_levels', as many as 'levels', not "
                f"{self.sampling_levels}; change one of them"
            )
        if min(self.jump_length, self.resamplings) < 1:
            raise LacunaError("settings 'jump_length' and 'resamplings' of system 'repaint' are at least 1")

    @property
    def size_multiple(self) -> int:
        """What height and width must be multiples of."""
        return 2 ** (len(self.multipliers) - 1)

    @property
    def walk(self) -> list[int]:
        """The sampling levels that a prediction visits."""
        return walk(self.sampling_levels, self.jump_length, self.resamplings)

    @property
    def evaluations(self) -> int:
        """How often a prediction asks the network."""
        return evaluations(self.walk)


@dataclass
class NoisedPrediction(Prediction):
    """In training: raw is the picture that the network sees in the noise. noise, found: what was added to the picture
    and what the network takes for it, N×3×H×W."""

    noise: Tensor
    found: Tensor

    def known_only(self, truth: Tensor, known: Tensor) -> Self:
        return replace(super().known_only(truth, known), found=where_known(known, self.found, self.noise))


class Sampler(nn.Module):
    """The denoiser, and what is asked of it: in a training step one level of noise, otherwise a whole picture.

    learning: whether this is a training step. known: N×1×H×W, 1 where it may look; None: everywhere. seed: what
    predictions are drawn from.
    """

    learning = False
    known: Tensor | None = None
    seed = 0

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.recipe = recipe
        self.trained = Levels.linear(recipe.levels, recipe.first_variance, recipe.last_variance)
        self.sampled = self.trained.respaced(recipe.sampling_levels)
        self.walk, self.evaluations = recipe.walk, recipe.evaluations
        self.denoiser = Denoiser(recipe.width, recipe.multipliers, recipe.blocks)

    def forward(self, image: Tensor, mask: Tensor) -> Prediction:
        multiple = self.recipe.size_multiple
        require_size(image, mask, multiple, multiple, "repaint")
        if self.learning:
            return self.at_any_level(image)
        if image.is_meta:  # shapes without numbers: all evaluations are alike, and `_counting.count` knows their number
            return Prediction(self.denoiser(image, torch.zeros(len(image), device="meta")))
        return Prediction(self.sample(image, mask))

    def at_any_level(self, image: Tensor) -> NoisedPrediction:
        """Every picture with noise of a level of its own, drawn evenly from 1 on, and what the network finds in it."""
        if self.known is not None:
            image = where_known(self.known, image, torch.full_like(image, GREY))
        levels = torch.randint(1, self.recipe.levels + 1, (len(image),), device=image.device)
        noise = torch.randn(image.shape, device=image.device, dtype=image.dtype)  # in whatever order memory is
        kept = torch.tensor(self.trained.kept, device=image.device, dtype=image.dtype)[levels][:, None, None, None]
        noised = kept.sqrt() * (2 * image - 1) + (1 - kept).sqrt() * noise
        found = self.denoiser(noised, levels)
        clean = (noised - (1 - kept).sqrt() * found) / kept.sqrt()
        return NoisedPrediction((clean + 1) / 2, noise, found)

    @torch.no_grad()
    def sample(self, image: Tensor, mask: Tensor) -> Tensor:
        """The raw prediction N×3×H×W: known pixels are the image's own.

        What is drawn depends on `seed` and on each picture's own known pixels and mask, not on other pictures nor on
        the device.
        """
        levels, picture = self.sampled, 2 * image - 1
        draw = _Noise(self.seed, image, mask)
        x = draw()
        for before, after in pairwise(self.walk):
            if after > before:
                x = levels.above(x, draw(), before)
                continue
            told = torch.full((len(x),), levels.trained[before], device=x.device)
            clean = levels.clean(x, self.denoiser(x, told), before)
            # nothing is drawn for level 0, at which nothing is random
            made = levels.below(x, clean, draw() if after else torch.zeros_like(x), before)
            # formula (8) of Lugmayr et al.: what is known has the noise of this level, whatever was made of it
            known = levels.noised(picture, draw() if after else torch.zeros_like(x), after)
            x = composite(made, known, mask)
        return composite((x + 1) / 2, image, mask)  # without what the way to [−1, 1] and back rounds


class _Noise:
    """Standard normal numbers N×3×H×W at each call, drawn on the CPU in single precision for each picture alone."""

    def __init__(self, seed: int, image: Tensor, mask: Tensor):
        known = (image * (1 - mask)).float().cpu()
        self.generators = []
        for picture, hole in zip(known, mask.float().cpu(), strict=True):
            content = digest(picture.numpy().tobytes(), hole.numpy().tobytes())
            self.generators.append(torch.Generator("cpu").manual_seed(seed_of("repaint", seed, content)))
        self.like = image

    def __call__(self) -> Tensor:
        shape = self.like.shape[1:]
        return torch.stack([torch.randn(shape, generator=each) for each in self.generators]).to(self.like)


class RePaint(System):
    """The noise that the network finds against the one that was added: the mean of their squared differences.

    Formula (14) of Ho et al. Masks are ignored in training: a network learns pictures, whatever is cut out of them.
    """

    facts = Facts(
        name="repaint",
        title="RePaint",
        paper="RePaint: Inpainting using Denoising Diffusion Probabilistic Models (Lugmayr et al.)",
        year=2022,
        url="https://arxiv.org/abs/2201.09865",
        licence="CC BY-NC-SA 4.0; the diffusion code that it stands on: MIT",
        kind="deep",
        authors_mask="1 = valid",
        authors_range=(-1.0, 1.0),
        size_multiple=8,
        minimal_size=8,
        parameters=16_886_403,
        parts={"denoiser": 16_886_403},
        data="Ho et al.: whole pictures of 256 pixels, flipped. No masks: the network learns pictures alone.",
        deviations=(
            Deviation(
                "width",
                64,
                "A small network, written from Ho et al. and trained here; the authors' is that of guided diffusion, "
                "with 256 channels, whose weights do not fit.",
            ),
            Deviation(
                "resamplings",
                10,
                "As by the authors, a prediction asks the network 2,410 times, all of which the MACs count: 250 levels "
                "down, and nine times back up by 10 from each of 24. Fewer `sampling_levels` or `resamplings` cost "
                "less, and agree less with the known pixels.",
            ),
            Deviation(
                "",
                None,
                "The variance of a step down is the fixed β̃ of Ho et al.; the authors' networks predict it, too.",
            ),
            Deviation(
                "",
                None,
                "Attention at the lowest size alone, with one head; no dropout; weights begin as PyTorch draws them, "
                "where Ho et al. begin the last convolution of every block at 0.",
            ),
        ),
    )
    Recipe = Recipe
    drawing: ClassVar[dict[str, object]] = {}  # always: every seed has another picture
    without_graph = (
        "a prediction is a walk of many evaluations of the network, with noise drawn between them, for which no graph "
        "that always gives the same can stand"
    )
    small = {
        "image_size": 16,
        "width": 8,
        "multipliers": (1, 2),
        "blocks": 1,
        "levels": 20,
        "last_variance": 0.3,
        "sampling_levels": 3,
        "jump_length": 1,
        "resamplings": 2,
    }

    def __init__(self, **settings):
        super().__init__(**settings)
        self.network = Sampler(self.recipe)

    @property
    def size_multiple(self) -> int:
        return self.recipe.size_multiple

    minimal_size = size_multiple

    def draw_from(self, seed: int) -> None:
        self._sampler.seed = seed

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"network": torch.optim.Adam(self.network.parameters(), self.recipe.learning_rate)}

    def training_step(self, image, mask, optimizers, backward, known=None):
        """As every system's. What is not known is grey before noise is added to it, and no loss looks there."""
        sampler = self._sampler
        sampler.learning, sampler.known = True, known
        try:
            return self.learn(image, mask, optimizers, backward)
        finally:
            sampler.learning, sampler.known = False, None

    def learn(self, image, mask, optimizers, backward):
        optimizers["network"].zero_grad()
        made, known = self.network(image, mask), self._sampler.known
        found = made.found if known is None else where_known(known, made.found, made.noise)
        loss = F.mse_loss(found, made.noise)
        backward(loss)
        optimizers["network"].step()
        return {"noise": loss.detach()}

    @property
    def _sampler(self) -> Sampler:
        """The network, out of what training may have put around it."""
        network = self.network
        while not isinstance(network, Sampler):
            network = network.module  # type: ignore[assignment]  # every wrapper of torch and Fabric has it
        return network


SYSTEM = RePaint
