"""Masks, augmentations and fills on one picture: figures 2.7, 3.2, 4.1, 4.3, 4.5 and 4.7 of the thesis.

The rule `draw_adaptation` draws them, because that needs torch.
"""

from lacuna.reporting.adaptation.display import is_adapting
from lacuna.reporting.adaptation.kinds import DRAWINGS
from lacuna.reporting.descriptions import Figure

FIGURE = Figure(
    title="masks, augmentations and fills",
    section="adaptation",
    place=95,
    caption="{what}. N = 1 picture of the first test set that is adapted to, the one whose hole is nearest to a "
    "quarter of it; the whole picture as training on it sees it, neither raw prediction nor composite.",
    alt="Panels drawn on one picture: {what}.",
    each="drawing",
    path="figures/adaptation_drawn_{value}.png",
    applies=is_adapting,
    unfolded=0,
    demonstration="",
    words=lambda value: {"what": DRAWINGS[value]},
)
