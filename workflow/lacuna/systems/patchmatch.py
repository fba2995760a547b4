"""Filling by patches of the picture itself, found by PatchMatch, as patchmatch-cython has it.

C. Barnes, E. Shechtman, A. Finkelstein, D. B. Goldman, "PatchMatch: A Randomized Correspondence Algorithm for
Structural Image Editing", ACM Transactions on Graphics 28(3), 2009. From coarse to fine, every patch of the hole looks
for one like it among the known ones, at random, near its neighbours' and near its own; the patches that were found then
vote for the colours of the hole.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from patchmatch_cython import CythonSolver, inpaint_pyramid

from lacuna.errors import LacunaError
from lacuna.systems._classical import Classical
from lacuna.systems._facts import Facts


@dataclass(frozen=True)
class Recipe:
    """patch_size: side of a patch in pixels, odd; pictures that are smaller take smaller ones. em_loops: how often
    coarse sizes look for patches and vote. edge_weighted: gradients count, too, when patches are compared.
    reverse_search: known patches that nobody took look for a place in the hole. poisson_blend: the fill is drawn
    towards the colours at the hole's rim. The defaults are the library's.
    """

    patch_size: int = 5
    em_loops: int = 1
    edge_weighted: bool = False
    reverse_search: bool = False
    poisson_blend: bool = True

    def __post_init__(self):
        if self.patch_size < 3 or self.patch_size % 2 == 0 or self.em_loops < 1:
            raise LacunaError(
                "system 'patchmatch' takes an odd 'patch_size' of at least 3 and at least 1 of 'em_loops', not "
                f"{self.patch_size} and {self.em_loops}; change them"
            )


class PatchMatch(Classical):
    """patchmatch-cython's `inpaint_pyramid`; every seed begins its search elsewhere.

    Where no whole patch is known the hole gets the mean colour of what is known.
    """

    facts = Facts(
        name="patchmatch",
        title="PatchMatch",
        paper="PatchMatch: A Randomized Correspondence Algorithm for Structural Image Editing (Barnes et al.)",
        year=2009,
        url="https://doi.org/10.1145/1531326.1531330",
        licence="BSD-3-Clause (patchmatch-cython)",
        kind="classical",
        authors_range=(0.0, 255.0),
    )
    Recipe = Recipe
    drawing: ClassVar[dict[str, object] | None] = {}
    seed = 0

    def draw_from(self, seed: int) -> None:
        self.seed = seed % 2**32  # what the library takes

    def fill(self, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        recipe, side = self.recipe, min(mask.shape)
        size = min(recipe.patch_size, side - 1 + side % 2)  # the largest odd one that fits
        try:
            return inpaint_pyramid(
                image,
                mask,
                patch_size=size,
                solver_class=CythonSolver,
                seed=self.seed,
                em_loops=recipe.em_loops,
                edge_weighted=recipe.edge_weighted,
                reverse_search=recipe.reverse_search,
                poisson_blend=recipe.poisson_blend,
            )
        except ValueError:  # no patch without a hole is left to copy from
            mean = image[~mask].mean(0).round().astype(np.uint8)
            return np.where(mask[..., None], mean, image)


SYSTEM = PatchMatch
