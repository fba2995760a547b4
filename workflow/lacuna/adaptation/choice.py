"""Keep an adaptation or discard it, and after how many steps, without asking the user or knowing the truth.

The thesis on test-time training leaves the choice to the user. Here a part of what is known is held out: training is
not shown it, and whoever completes it best is believed to complete the user's hole best. How often that is right, and
what it is worth beside always or never adapting, is measured by `lacuna.reporting.adaptation.choice` where the truth is
known.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lacuna.adaptation.unfit import UnfitPicture
from lacuna.data.masks import strokes

HELD_OUT = (0.05, 0.10)  # share of the picture; what is held out cannot be learned from
RIM = 2 / 256  # of the short side, around the user's mask
_TRIES = 200


@dataclass(frozen=True)
class Choice:
    """keep: whether the adapted network completes the picture. step: after how many steps it is taken; 0: as it was.

    evidence: steps done → mean absolute error over what was held out.
    """

    keep: bool
    step: int
    evidence: dict[int, float]


def choose(evidence: Mapping[int, float]) -> Choice:
    """The step of the smallest error, the earliest of several; kept only if it beats the network as it was, step 0."""
    if 0 not in evidence:
        raise ValueError("the evidence must hold the error of the network as it was, at step 0")
    step = min(sorted(evidence), key=lambda step: evidence[step])
    return Choice(step != 0, step, dict(evidence))


def hold_out(user_mask: Tensor, seed: int, coverage: tuple[float, float] = HELD_OUT) -> Tensor:
    """A free-form mask 1×H×W beside the user's, 1×H×W; it depends on that mask and the seed alone.

    coverage: least and greatest share of the picture that is left of it once the user's mask and its rim are cut away.
    Where no such mask is found, an `UnfitPicture`.
    """
    height, width = user_mask.shape[-2:]
    reach = max(1, round(RIM * min(height, width)))
    shut = F.max_pool2d(user_mask[None].float().cpu(), 2 * reach + 1, 1, reach)[0, 0].numpy() > 0.5
    rng = np.random.default_rng(seed)
    least, most = (share * height * width for share in coverage)
    if (~shut).sum() >= least:
        for _ in range(_TRIES):
            mask = strokes.draw(rng, (width, height), int(np.ceil(least)), int(2 * most), strokes.Options())
            if mask is not None and least <= (left := (mask > 0) & ~shut).sum() <= most:
                return torch.from_numpy(left)[None].to(user_mask)
    raise UnfitPicture(
        f"the hole leaves no room for a mask of {coverage[0]:.0%} to {coverage[1]:.0%} of the picture, by which "
        "keeping or discarding would be decided; choose always or never"
    )
