"""A picture to adapt to, and experiments on it; stand-ins where the package has no sampling of its own."""

import sys
import types
from dataclasses import dataclass, field

import torch

from lacuna.data.compositing import composite


@dataclass(frozen=True)
class Losses:
    background: bool = False
    l1: float = 1.0
    structural: float = 1.0
    perceptual: float = 0.1
    adversarial: float = 0.4
    structural_form: str = "code"


@dataclass(frozen=True)
class Experiment:
    fill: str = "random_pixels"
    prediction_every: int = 1
    learns: str = "all"
    adapter_rank: int = 4
    freeze: str = "none"
    losses: Losses = field(default_factory=Losses)
    steps: int = 150
    batch_size: int = 4
    learning_rate_factor: float | None = 1.0
    learning_rate: float | None = None
    halve_every: int | None = 50
    halve_at: tuple[int, ...] = ()
    optimizer_state: str = "fresh"
    evaluate_every: int = 5
    init: str = "pretrained"
    network: str | None = None
    method: str = "adapt"
    seed: int = 0

    def rate(self, step, trained_with):
        start = trained_with * self.learning_rate_factor if self.learning_rate is None else self.learning_rate
        halvings = step // self.halve_every if self.halve_every else sum(step >= at for at in self.halve_at)
        return start * 0.5**halvings


@dataclass
class Batch:
    picture: torch.Tensor
    hole: torch.Tensor
    known: torch.Tensor
    user: torch.Tensor


class Sampler:
    def __init__(self, image, user_mask, experiment, seed, pool=None):
        self.image, self.user, self.seed, self.experiment = image * (1 - user_mask), user_mask, seed, experiment

    def batch(self, step, current_prediction=None):
        draw = torch.Generator().manual_seed(self.seed * 1000 + step)
        count, size = self.experiment.batch_size, self.image.shape[-2:]
        fill = torch.rand(count, 3, *size, generator=draw)
        if self.experiment.fill == "current_prediction":
            fill = current_prediction.expand(count, -1, -1, -1)
        user = self.user.expand(count, -1, -1, -1)
        hole = torch.zeros(count, 1, *size)
        for each in hole:
            top, left = (int(torch.randint(0, side * 2 // 3, (), generator=draw)) for side in size)
            each[:, top : top + size[0] // 3, left : left + size[1] // 3] = 1
        near = torch.nn.functional.max_pool2d(user, 5, 1, 2)
        return Batch(composite(fill, self.image, user), hole * (1 - near), 1 - user, user)


def experiment(**differences):
    """An experiment by its differences from the thesis' baseline: two steps on two samples unless it says otherwise."""
    settings = {"steps": 2, "batch_size": 2, "evaluate_every": 1, **differences}
    for one, other in (("learning_rate", "learning_rate_factor"), ("halve_at", "halve_every")):
        if one in settings:
            settings[other] = None
    try:
        from lacuna.adaptation.experiments import read_experiment
    except ModuleNotFoundError:
        read_experiment = None
    if read_experiment is None:
        return Experiment(**{**settings, "losses": Losses(**settings.get("losses", {}))})
    return read_experiment(settings)


def install(monkeypatch):
    """The stand-ins for sampler and experiments, if there are no others."""
    try:
        import lacuna.adaptation.samples  # noqa: F401
    except ModuleNotFoundError:
        module = types.ModuleType("lacuna.adaptation.samples")
        module.Sampler = Sampler
        monkeypatch.setitem(sys.modules, module.__name__, module)
        named = types.ModuleType("lacuna.adaptation.experiments")
        named.chosen = lambda names, common: {name: experiment(**{"halve_every": None, **common}) for name in names}
        named.read_experiment = None
        monkeypatch.setitem(sys.modules, named.__name__, named)


def photograph(size=(48, 64), seed=1, content=0):
    """A picture 3×H×W with soft shapes and a mask 1×H×W near a corner; content: decides what lies under the mask."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 5, 6, generator=draw)
    image = torch.nn.functional.interpolate(coarse, size, mode="bicubic", align_corners=True)[0].clamp(0, 1)
    mask = torch.zeros(1, *size)
    mask[:, 4 : size[0] // 3, size[1] // 2 : size[1] - 7] = 1
    under = torch.rand(3, *size, generator=torch.Generator().manual_seed(100 + content))
    return torch.where(mask > 0, under, image), mask
