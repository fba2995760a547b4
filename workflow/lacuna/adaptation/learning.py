"""What learns in an adaptation, and how fast: a copy of the system, its optimisers and their rates.

Batch normalisation. The samples of a batch are one picture, four times, so that its statistics would replace those of
training within a few steps, whatever the rate. Pretrained networks therefore keep the statistics that training left,
of generator and discriminator, while scale and bias learn; the network that learns is the one that predicts. Networks
with random weights have no statistics to keep: they take the batch's.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lacuna.adaptation import adapters
from lacuna.errors import LacunaError
from lacuna.nn.feature_distance import FeatureDistance
from lacuna.nn.pooled_attention import PooledAttention
from lacuna.nn.vgg import VGGFeatures
from lacuna.systems.base import System

BETAS = (0.0, 0.9)  # of Adam
ADAPTER_SCALE = 1.0
DROPPED = ("adversarial_weight", "feature_matching_weight")  # of losses that need a discriminator


@dataclass
class Learner:
    """A copy of a system and what teaches it. rates: of each part, as the system was trained."""

    system: System
    optimizers: dict[str, "torch.optim.Optimizer | Resting"]
    rates: dict[str, float]
    keeps_statistics: bool
    judged: bool  # by a discriminator

    def set_rates(self, rate: Callable[[float], float]) -> None:
        """rate: the rate that a part was trained with → the rate now."""
        for part, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = rate(self.rates[part])

    def train(self) -> None:
        """Every part in the mode that it learns in; parts at rest and kept statistics are in evaluation mode."""
        for part, module in self.system.modules().items():
            module.train(not isinstance(self.optimizers[part], Resting))
            for norm in module.modules() if self.keeps_statistics else ():
                if isinstance(norm, _BatchNorm) and norm.track_running_stats:
                    norm.eval()

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """Copies of every part's state, with adapters merged."""
        return {part: adapters.merged_state(module) for part, module in self.system.modules().items()}


class Resting:
    """Stands where a system expects the optimiser of a part that does not learn."""

    param_groups: tuple = ()

    def __init__(self, parameters: Iterable[nn.Parameter]):
        self.parameters = list(parameters)

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Nothing."""


def needs_discriminator(system: System, experiment) -> bool:
    """Whether the experiment asks a trained discriminator for its judgement."""
    if system.discriminator is None or experiment.init == "random" or experiment.method != "adapt":
        return False
    return experiment.learns != "generator_without_discriminator"


def learner_of(system: System, experiment) -> Learner:
    """A copy of a system that learns as the experiment says; the system itself is not touched.

    What cannot learn so is a `LacunaError`. Random weights are drawn from torch's generator as it stands.
    """
    if experiment.optimizer_state != "fresh":
        raise LacunaError(
            "an adaptation begins with a fresh optimiser, for weights come without one; set 'optimizer_state' to fresh"
        )
    copy = _copy(system, experiment)
    judged = copy.discriminator is not None and experiment.learns != "generator_without_discriminator"
    named = {
        f"{part}.{key}": each for part, module in copy.modules().items() for key, each in module.named_parameters()
    }
    patterns = _patterns(copy, experiment)
    for pattern in patterns:
        resting = [each for key, each in named.items() if fnmatch(key, pattern)]
        if not resting:
            raise LacunaError(
                f"system '{system.facts.name}' has no parameter like '{pattern}', so it cannot be frozen; "
                "parameters are called network.… and discriminator.…"
            )
        for each in resting:
            each.requires_grad_(False)
    if experiment.learns == "adapters":
        adapters.attach(copy.network, experiment.adapter_rank, ADAPTER_SCALE)
    optimizers: dict[str, torch.optim.Optimizer | Resting] = {}
    for part, module in copy.modules().items():
        learning = [each for each in module.parameters() if each.requires_grad]
        if not learning or (part != "network" and experiment.learns != "all"):
            module.requires_grad_(False)
            optimizers[part] = Resting(module.parameters())
        else:
            # the rate is set before every step
            optimizers[part] = torch.optim.Adam(learning, 1.0, BETAS, fused=True if experiment.mode == "fast" else None)
    if isinstance(optimizers["network"], Resting):
        raise LacunaError(f"nothing of system '{system.facts.name}' would learn; freeze less of it")
    if experiment.mode == "fast":
        quicken(copy)
    rates = {part: optimizer.param_groups[0]["lr"] for part, optimizer in system.optimizers().items()}
    return Learner(copy, optimizers, rates, experiment.init != "random", judged)


def _copy(system: System, experiment) -> System:
    """A new system of the same settings, but for what the experiment changes, with the weights of the first."""
    settings = dataclasses.asdict(system.recipe)
    changed = {}
    if "freeze" in settings:
        changed["freeze"] = experiment.freeze if _names_a_form_of_freezing(experiment.freeze) else "none"
    if experiment.network is not None:
        if "form" not in settings:
            raise LacunaError(f"system '{system.facts.name}' has one network only; leave 'network' out")
        changed["form"] = experiment.network
    if experiment.learns == "generator_without_discriminator":
        changed |= {name: 0.0 for name in DROPPED if name in settings}
    other = changed.get("form", settings.get("form")) != settings.get("form")
    if other and experiment.init != "random":
        raise LacunaError(
            f"the weights are of another network than '{experiment.network}'; set 'init' to random, or leave 'network' "
            "out"
        )
    if other and hasattr(type(system).Recipe, "implied"):
        changed |= {name: value for name, value in type(system).Recipe.implied(changed).items() if name in settings}
    copy = type(system)(**{**settings, **changed})
    parts, like = copy.modules(), next(system.network.parameters())
    for name, value in vars(system).items():
        if isinstance(value, nn.Module) and name not in system.modules():
            setattr(copy, name, value)  # pretrained features: nothing trains them
    for part, module in parts.items():
        module.to(device=like.device, dtype=torch.float32)
        if experiment.init != "random":
            module.load_state_dict(system.modules()[part].state_dict())
    return copy


def quicken(system: System) -> None:
    """The same mathematics in less time, to float32's rounding: attention in blocks, features by `FeatureDistance`."""
    for module in system.network.modules():
        if isinstance(module, PooledAttention):
            module.in_blocks = True
    features = getattr(system, "features", None)
    if hasattr(system, "feature_distance") and isinstance(features, VGGFeatures):
        system.feature_distance = FeatureDistance.of(features)


def _names_a_form_of_freezing(freeze: str) -> bool:
    return not any(sign in freeze for sign in ".*?[,")


def _patterns(system: System, experiment) -> tuple[str, ...]:
    """Shell patterns of parameters that stay, separated by commas; a system's own name for them is its setting."""
    if experiment.freeze == "none" or (
        hasattr(system.recipe, "freeze") and _names_a_form_of_freezing(experiment.freeze)
    ):
        return ()
    return tuple(pattern.strip() for pattern in experiment.freeze.split(","))


def load_parts(system: System, parts: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Put states of parts that are no network (discriminators) into the system; those that it lacks are left out."""
    for part, module in system.modules().items():
        if part != "network" and part in parts:
            module.load_state_dict(parts[part])
            module.to(next(system.network.parameters()).device)
