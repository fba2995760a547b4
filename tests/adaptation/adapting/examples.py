"""A picture to adapt to, and short experiments on it."""

import torch

from lacuna.adaptation.experiments import Experiment, read_experiment


def experiment(**differences) -> Experiment:
    """An experiment by its differences from the thesis' baseline: two steps on two samples unless it says otherwise."""
    settings = {"steps": 2, "batch_size": 2, "evaluate_every": 1, **differences}
    for one, other in (("learning_rate", "learning_rate_factor"), ("halve_at", "halve_every")):
        if one in settings:
            settings[other] = None
    return read_experiment(settings)


def photograph(size=(48, 64), seed=1, content=0):
    """A picture 3×H×W with soft shapes and a mask 1×H×W near a corner; content: decides what lies under the mask."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 5, 6, generator=draw)
    image = torch.nn.functional.interpolate(coarse, size, mode="bicubic", align_corners=True)[0].clamp(0, 1)
    mask = torch.zeros(1, *size)
    mask[:, 4 : size[0] // 3, size[1] // 2 : size[1] - 7] = 1
    under = torch.rand(3, *size, generator=torch.Generator().manual_seed(100 + content))
    return torch.where(mask > 0, under, image), mask
