"""What the systems whose authors train with StyleGAN2's code have in common: steps, optimisers, what is judged.

T. Karras et al., "Training Generative Adversarial Networks with Limited Data", NeurIPS 2020, for the lazy
regularisation. Network and discriminator each draw a prediction of their own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.nn.losses import gradient_penalty, judging, weighted
from lacuna.systems import base
from lacuna.systems.base import Prediction, System

PENALTY_EVERY = 16  # steps; the penalty counts as many times as much
# The authors' code counts a regularisation of the network, too, every 4 steps, and there is none.
NETWORK_EVERY = 4
LARGEST_GRADIENT = 1e5


@dataclass(frozen=True)
class Recipe(base.Recipe):
    """What such a system can be told.

    resolution: height and width in pixels that the network's levels, its noise and the discriminator are made for, a
    power of two. channel_base, channel_max: a map of r × r pixels has channel_base / r channels, and at most
    channel_max. l1_weight: of the mean difference of composite and picture over all values, on the scale [−1, 1];
    the authors have none. learning_rate and betas: as the authors' options say them, before lazy regularisation
    rescales both (0.8 times the rate for the network, 16/17 for the discriminator).
    """

    image_size: int = 256
    batch_size: int = 32
    iterations: int = 1_562_500  # 50 million pictures
    resolution: int = 256
    channel_base: int = 32768
    channel_max: int = 512
    adversarial_weight: float = 1.0
    l1_weight: float = 0.0
    gradient_penalty_weight: float = 10.0
    learning_rate: float = 1e-3
    betas: tuple[float, ...] = (0.0, 0.99)

    #: the smallest resolution
    smallest = 8

    @property
    def teaching(self) -> dict[str, float]:
        """The losses of which one at least must count, by their settings."""
        return {"adversarial_weight": self.adversarial_weight, "l1_weight": self.l1_weight}

    def require_sound(self, system: str) -> None:
        """Refuse what no network of this kind can be made of, by a `LacunaError`."""
        if self.resolution < self.smallest or self.resolution & (self.resolution - 1):
            raise LacunaError(
                f"setting 'resolution' of system '{system}' is a power of two from {self.smallest} on, "
                f"not {self.resolution}"
            )
        if self.channel_max < 1 or self.channel_base < self.resolution:
            raise LacunaError(
                f"system '{system}' needs a channel_max of at least 1 and a channel_base of at least its resolution, "
                f"{self.resolution}, not {self.channel_max} and {self.channel_base}"
            )
        if not any(self.teaching.values()):
            raise LacunaError(f"system '{system}' learns from nothing; set one of {', '.join(self.teaching)} above 0")

    def channels(self, size: int) -> int:
        """Of a map of size × size pixels."""
        return min(self.channel_base // size, self.channel_max)


def sizes(largest: int, smallest: int) -> list[int]:
    """largest, its half, … smallest: powers of two."""
    return [largest >> level for level in range(largest.bit_length() - smallest.bit_length() + 1)]


def with_known(image: Tensor, mask: Tensor) -> Tensor:
    """Image N×3×H×W in [0, 1], mask 1 = hole → N×4×H×W: 0.5 where known and −0.5 in the hole; the picture in [−1, 1],
    0 in the hole."""
    known = 1 - mask
    return torch.cat([known - 0.5, (2 * image - 1) * known], 1)


class StyleGAN2System(System):
    """A network and a discriminator that learn as StyleGAN2's do.

    The discriminator takes what is known (N×1×H×W, 0.5, or −0.5 in the hole) and composites N×3×H×W in [−1, 1], of
    `resolution` × `resolution` pixels, and returns logits N×B, one for each composite.
    """

    discriminator: nn.Module

    #: whether the penalty asks for the gradient by what is known, too
    penalises_known = False
    #: whether the discriminator is penalised in this step
    penalises = True

    def before_step(self, step, progress, optimizers):
        self.penalises = step % PENALTY_EVERY == 0

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "network": self.lazy_adam(self.network, NETWORK_EVERY / (NETWORK_EVERY + 1)),
            "discriminator": self.lazy_adam(self.discriminator, PENALTY_EVERY / (PENALTY_EVERY + 1)),
        }

    def lazy_adam(self, module: nn.Module, share: float) -> torch.optim.Adam:
        """Adam that remembers over as many pictures as if only a share of its steps were others' regularisations."""
        rate = share * self.recipe.learning_rate
        first, second = (beta**share for beta in self.recipe.betas)
        return torch.optim.Adam(self.parameter_groups(module, rate), rate, (first, second))

    def parameter_groups(self, module: nn.Module, rate: float) -> list[dict]:
        """Groups of a module's parameters, those that learn at `rate` first."""
        return [{"params": list(module.parameters())}]

    # ------------------------------------------------------------------ losses

    def pictures(self, made: Prediction) -> Sequence[Tensor]:
        """What a prediction shows, N×3×H×W in [0, 1], the result first: each is judged as a composite."""
        return [made.raw]

    def logits(self, known: Tensor, composites: Iterable[Tensor]) -> Tensor:
        """What the discriminator says, N×B; the logits' losses are means over N and sums over B."""
        return self.discriminator(known, *composites)

    def as_judged(self, composites: Iterable[Tensor], mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        """What is known, and the composites, in the discriminator's range and at its size."""
        size = (self.recipe.resolution,) * 2
        if mask.shape[-2:] != size:
            mask = F.interpolate(mask, size, mode="nearest")
            composites = [F.interpolate(each, size, mode="bilinear") for each in composites]
        return 0.5 - mask, [2 * each - 1 for each in composites]

    def network_losses(self, made: Prediction, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Weighted losses of a prediction."""
        recipe = self.recipe
        composites = [composite(each, image, mask) for each in self.pictures(made)]
        return weighted(
            adversarial=(
                recipe.adversarial_weight,
                lambda: F.softplus(-self.logits(*self.as_judged(composites, mask))).mean(0).sum(),
            ),
            # the authors' scale is [−1, 1]: twice ours
            l1=(
                recipe.l1_weight,
                lambda: 2 * torch.stack([F.l1_loss(each, image) for each in composites]).sum(),
            ),
        )

    def discriminator_losses(self, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Of a new prediction and the true picture; the weighted penalty is 0 in the steps that leave it out."""
        with torch.no_grad():
            shown = self.pictures(self.network(image, mask))
        fake = self.logits(*self.as_judged([composite(each, image, mask) for each in shown], mask))
        known, truths = self.as_judged([image] * len(shown), mask)
        # the penalty differentiates twice, in single precision: past the wrapper that training may put around a module
        bare = getattr(self.discriminator, "module", self.discriminator)
        inputs = [each.detach().requires_grad_() for each in truths]
        known = known.detach().requires_grad_(self.penalises_known)
        real = bare(known, *inputs)
        inputs += [known] * self.penalises_known
        factor = PENALTY_EVERY / 2
        return {
            "discriminator": (F.softplus(fake) + F.softplus(-real)).mean(0).sum(),
            **weighted(
                gradient_penalty=(
                    factor * self.recipe.gradient_penalty_weight,
                    lambda: gradient_penalty(real, *inputs) if self.penalises else real.new_zeros(()),
                )
            ),
        }

    def learn(self, image, mask, optimizers, backward):
        with judging(self.discriminator):
            losses = self.network_losses(self.network(image, mask), image, mask)
        self._update("network", losses, optimizers, backward)
        judged = self.discriminator_losses(image, mask)
        self._update("discriminator", judged, optimizers, backward)
        return {name: loss.detach() for name, loss in {**losses, **judged}.items()}

    def _update(self, part: str, losses: dict[str, Tensor], optimizers, backward) -> None:
        optimizers[part].zero_grad()
        backward(torch.stack(list(losses.values())).sum())
        for parameter in self.modules()[part].parameters():
            if parameter.grad is not None:
                parameter.grad.nan_to_num_(0.0, LARGEST_GRADIENT, -LARGEST_GRADIENT)
        optimizers[part].step()
