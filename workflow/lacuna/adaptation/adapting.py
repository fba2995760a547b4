"""One picture: a copy of the network learns on from what is known of it, and is asked for the rest again and again.

The thesis on test-time training (2022, chapters 3 and 4). Nothing here reads or writes a file; the given system stays
as it is.
"""

import math
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lacuna.adaptation.adapters import merge
from lacuna.adaptation.choice import choose
from lacuna.adaptation.learning import Learner, learner_of
from lacuna.adaptation.losses import Weights
from lacuna.adaptation.unfit import UnfitPicture
from lacuna.canonical import digest, seed_of
from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.systems.base import GREY, System, where_known

KINDS_OF_LOSSES = ("thesis", "own")


@dataclass
class Adapted:
    """What an adaptation left.

    predictions: steps done → the raw prediction, float32 3×H×W on the [0, 1] scale, not clamped; the first is that of
    the network as it was given, the last that of the adapted one. held_out: steps done → mean absolute error on the
    [0, 1] scale over the held-out mask; empty without one. losses: one row a step. seconds: of all of it. weights: part
    → key → tensor, on the CPU, of the adapted network and of its discriminator; with a held-out mask `best` are those
    of the step with the smallest error there. system: the copy that learned, with these weights; None where a new
    network was fitted.
    """

    predictions: dict[int, Tensor] = field(default_factory=dict)
    held_out: dict[int, float] = field(default_factory=dict)
    losses: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    weights: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    best: dict[str, dict[str, Tensor]] | None = None
    system: System | None = None


def adapt(
    system: System,
    image: Tensor,
    user_mask: Tensor,
    experiment,
    pool=None,
    on_evaluation: Callable[[int, Tensor], None] | None = None,
    *,
    losses: str | None = None,
    held_out: Tensor | None = None,
) -> Adapted:
    """Adapt a copy of a system to a picture, image 3×H×W in [0, 1] and user_mask 1×H×W, 1 = what is to be completed.

    experiment: see `lacuna.adaptation.experiments`. pool: pictures that may fill the hole in training. on_evaluation:
    called with the steps done and the raw prediction. losses: `thesis`, by region; `own`, those that the system is
    trained by; None: the thesis' if the system has them. held_out: 1×H×W, a part of what is known that training is not
    shown, to judge the adaptation by.

    The result depends on picture, mask, experiment and weights alone, not on what lies under the mask, nor on what was
    adapted before; torch's random state is left as it was. A system that cannot be adapted is a `LacunaError`, a
    picture that none can be adapted to an `UnfitPicture`.
    """
    require_adaptable(system, experiment)
    device = image.device if system.network is None else next(system.network.parameters()).device
    image, user_mask = image[None].to(device, torch.float32), user_mask[None].to(device, torch.float32)
    if held_out is not None:
        held_out = held_out[None].to(user_mask) * (1 - user_mask)
    hidden = user_mask if held_out is None else (user_mask + held_out).clamp(max=1)
    require_known(hidden)
    shown = where_known(1 - user_mask, image, torch.full_like(image, GREY))
    key = digest(*(tensor.cpu().numpy().tobytes() for tensor in (shown * (1 - hidden), hidden)))
    seed = seed_of("adapt", system.facts.name, experiment.seed, key)
    record = _Record(image=shown, held_out=held_out, on_evaluation=on_evaluation)
    began = time.monotonic()
    with _own_random_state(device, seed):
        if experiment.method == "deep_image_prior":
            _fit(system, shown, hidden, experiment, record)
        else:
            _adapt(system, shown, user_mask, hidden, experiment, seed, pool, losses, record)
    record.adapted.seconds = time.monotonic() - began
    return record.adapted


def require_adaptable(system: System, experiment) -> None:
    """Say by a `LacunaError` why a system cannot be adapted."""
    name, kind = system.facts.name, system.facts.kind
    if kind == "classical" and experiment.method == "adapt":
        raise LacunaError(f"system '{name}' is an algorithm without weights, so it cannot be adapted; choose another")
    if kind == "fitted" and experiment.method == "adapt":
        raise LacunaError(
            f"system '{name}' is fitted to each picture from nothing, so it cannot be adapted; as a rival of the "
            "adaptation it is the experiment 'deep_image_prior'"
        )


def require_known(hidden: Tensor) -> None:
    """Refuse a picture of which nothing is left to learn from, mask N×1×H×W: an `UnfitPicture`."""
    share = 1 - float(hidden.mean())
    if share < 0.05:
        raise UnfitPicture(
            f"only {share:.1%} of the picture is known, which is too little to adapt a network to; hide less of it"
        )


def losses_of(system: System, losses: str | None) -> str:
    """`thesis` or `own`, as asked for; None: the thesis' if the system has them. Others are a `LacunaError`."""
    has = hasattr(system, "region_step")
    losses = losses or ("thesis" if has else "own")
    if losses not in KINDS_OF_LOSSES:
        raise LacunaError(f"the losses of an adaptation are one of {', '.join(KINDS_OF_LOSSES)}, not '{losses}'")
    if losses == "thesis" and not has:
        raise LacunaError(f"system '{system.facts.name}' has no losses by region; set the losses to 'own'")
    return losses


def weights_of(experiment) -> Weights:
    """The weights of the losses by region that the experiment asks for."""
    asked = experiment.losses
    # the print has the mean once and the edges alpha times, the authors' code the other way round
    mean, edges = (1.0, 0.1) if asked.structural_form == "print" else (0.1, 1.0)
    return Weights(
        l1=asked.l1,
        background_l1=asked.l1,
        gradient=mean * asked.structural,
        edge=edges * asked.structural,
        perceptual=asked.perceptual,
        adversarial=asked.adversarial,
    )


# ---------------------------------------------------------------------- the two ways


def _adapt(system, shown, user_mask, hidden, experiment, seed, pool, losses, record) -> None:
    from lacuna.adaptation.samples import Sampler

    losses = losses_of(system, losses)
    learner = learner_of(system, experiment)
    network = learner.system
    picture, mask = network.extended(shown), network.extended(hidden)
    picture = where_known(1 - mask, picture, torch.full_like(picture, GREY))
    sampler = Sampler(picture[0], mask[0], experiment, seed, pool)

    def evaluate(step: int) -> None:
        record.add(step, lambda hole: _predicted(network, shown, hole, seed), user_mask)
        record.keep_best(step, learner.weights)

    evaluate(0)
    guess = None
    for step in range(experiment.steps):
        if experiment.fill == "current_prediction" and step % experiment.prediction_every == 0:
            guess = composite(_predicted(network, picture, mask, seed), picture, mask)[0].clamp(0, 1)
        batch = sampler.batch(step, current_prediction=guess)  # pixels beyond the picture's edges are its reflection
        learner.set_rates(partial(experiment.rate, step))
        learner.train()
        record.rows(step + 1, _step(learner, batch, experiment, losses))
        if (step + 1) % experiment.evaluate_every == 0 or step + 1 == experiment.steps:
            evaluate(step + 1)
    record.adapted.weights = _on_cpu(learner.weights())
    merge(network.network)
    record.adapted.system = network


def _step(learner: Learner, batch, experiment, losses: str) -> dict[str, Tensor]:
    # `losses_of` has seen that the system has losses by region, and parts that do not learn have no real optimiser
    system: Any = learner.system
    optimizers = learner.optimizers
    if losses == "own":
        return system.training_step(batch.picture, batch.hole, optimizers, _backward, batch.known)
    return system.region_step(
        batch.picture,
        batch.hole,
        batch.known,
        optimizers,
        _backward,
        background=experiment.losses.background,
        adversarial=learner.judged,
        weights=weights_of(experiment),
    )


def _fit(system, shown, hidden, experiment, record) -> None:
    """The rival: a new network for this picture, which is not told the held-out part either."""
    from lacuna import systems

    settings = {"iterations": max(1, experiment.steps)}
    if system.facts.kind == "fitted":
        prior = type(system)(**{**vars(system.recipe), **settings})
    else:
        prior = systems.create("deep_image_prior", **settings)
    prior.seed = experiment.seed
    trained_with = prior.recipe.learning_rate
    steps = prior.fitting(shown, hidden, experiment.evaluate_every, lambda step: experiment.rate(step, trained_with))
    for step, raw, loss in steps:
        record.add(step, lambda hole, raw=raw: raw, hidden)
        if step:
            record.rows(step, {"valid": torch.tensor(loss)})


# ---------------------------------------------------------------------- evaluation


@dataclass
class _Record:
    """Collects what `Adapted` holds."""

    image: Tensor
    held_out: Tensor | None
    on_evaluation: Callable[[int, Tensor], None] | None
    adapted: Adapted = field(default_factory=Adapted)

    def add(self, step: int, predict: Callable[[Tensor], Tensor], user_mask: Tensor) -> None:
        """predict: a hole → the raw prediction. The held-out part is hidden only where it is judged."""
        raw = predict(user_mask)
        if not raw.isfinite().all():
            raise LacunaError(f"the prediction is not finite after {step} steps; lower the learning rate")
        if self.held_out is not None:
            made = predict((user_mask + self.held_out).clamp(max=1))
            error = (made.clamp(0, 1) - self.image).abs() * self.held_out
            self.adapted.held_out[step] = float(error.sum() / (3 * self.held_out.sum()).clamp_min(1))
        self.adapted.predictions[step] = raw[0].cpu()
        if self.on_evaluation is not None:
            self.on_evaluation(step, self.adapted.predictions[step])

    def keep_best(self, step: int, weights: Callable[[], dict]) -> None:
        errors = self.adapted.held_out
        if errors and choose(errors).step == step:
            self.adapted.best = _on_cpu(weights())

    def rows(self, step: int, losses: dict[str, Tensor]) -> None:
        row = {name: float(loss) for name, loss in losses.items()}
        for name, value in row.items():
            if not math.isfinite(value):
                raise LacunaError(f"loss '{name}' became {value} at step {step}; lower the learning rate")
        self.adapted.losses.append({"step": step, **row})


def _predicted(system: System, image: Tensor, hole: Tensor, seed: int) -> Tensor:
    """In single precision, and the same whenever it is asked for: what a network draws at random is drawn again."""
    with _own_random_state(image.device, seed):
        return system.predict(image, hole).float()


def _backward(loss: Tensor) -> None:
    if loss.requires_grad:  # not where all that it depends on is at rest
        loss.backward()


def _on_cpu(weights: dict[str, dict[str, Tensor]]) -> dict[str, dict[str, Tensor]]:
    return {part: {key: value.cpu() for key, value in state.items()} for part, state in weights.items()}


@contextmanager
def _own_random_state(device: torch.device, seed: int):
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
