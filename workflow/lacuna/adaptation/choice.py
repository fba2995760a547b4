"""Keep an adaptation or discard it, and after how many steps, without asking the user or knowing the truth.

The thesis on test-time training leaves the choice to the user. Here a part of what is known is held out: training is
not shown it, and whoever completes it best is believed to complete the user's hole best. How often that is right, and
what it is worth beside always or never adapting, is measured where the truth is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from lacuna.data.masks import strokes
from lacuna.errors import LacunaError
from lacuna.reporting.bootstrap import intervals

HELD_OUT = (0.05, 0.10)  # share of the picture; what is held out cannot be learned from
RIM = 2 / 256  # of the short side, around the user's mask
POLICIES = ("always", "never", "chosen", "oracle")
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
    Where no such mask is found, a `LacunaError`.
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
    raise LacunaError(
        f"the hole leaves no room for a mask of {coverage[0]:.0%} to {coverage[1]:.0%} of the picture, by which "
        "keeping or discarding would be decided; choose always or never"
    )


# ---------------------------------------------------------------------- what a choice is worth


def policy_gains(
    scores: pd.DataFrame,
    chosen: Mapping[str, int],
    higher_is_better: bool,
    *names: str,
    photographs: Sequence[str] | None = None,
) -> pd.DataFrame:
    """What each of `POLICIES` gains over never adapting: `policy,gain,ci_low,ci_high,improvement_percent,n`.

    scores: a metric of the user's hole against the truth, a row an image and a column a number of steps, of which 0 is
    the network as it was and the greatest what *always* takes. chosen: image → steps; *oracle* takes each image's best.
    gain: the mean over images, its sign such that more is better, in the metric's unit; improvement_percent: the ratio
    of means. photographs: what each image was cut from; intervals are over them, and `names` decide their draws.
    """
    gains = gains_of(scores, chosen, higher_is_better)
    low, high = intervals(gains[list(POLICIES)].to_numpy(), *names, photographs=photographs)
    mean, before = gains.mean(), scores[0].mean()
    return pd.DataFrame(
        {
            "policy": POLICIES,
            "gain": mean[list(POLICIES)].to_numpy(),
            "ci_low": low,
            "ci_high": high,
            "improvement_percent": (100 * mean[list(POLICIES)] / abs(before)).to_numpy(),
            "n": len(scores),
        }
    )


def gains_of(scores: pd.DataFrame, chosen: Mapping[str, int], higher_is_better: bool) -> pd.DataFrame:
    """The gain of every policy for every image: a row an image, a column a policy."""
    sign = 1 if higher_is_better else -1
    gained = sign * scores.sub(scores[0], axis=0)
    taken = [gained.loc[image, chosen[image]] for image in gained.index]
    return pd.DataFrame(
        {
            "always": gained[max(gained.columns)],
            "never": 0.0,
            "chosen": taken,
            "oracle": gained.max(axis=1),
        },
        index=scores.index,
    )


def share_right(
    scores: pd.DataFrame,
    chosen: Mapping[str, int],
    higher_is_better: bool,
    *names: str,
    photographs: Sequence[str] | None = None,
) -> tuple[float, float, float]:
    """How often the choice was right, and its interval over photographs; arguments as of `policy_gains`.

    Keeping is right where it gains; discarding is right where the last step would not.
    """
    gains = gains_of(scores, chosen, higher_is_better)
    kept = np.array([chosen[image] != 0 for image in scores.index])
    right = np.where(kept, gains["chosen"] > 0, gains["always"] <= 0).astype(float)
    low, high = intervals(right[:, None], *names, photographs=photographs, within=(0, 1))
    return float(right.mean()), float(low[0]), float(high[0])
