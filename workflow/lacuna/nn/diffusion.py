"""Denoising diffusion: the noise of every level, the way back from one to the next, and RePaint's walk over them.

J. Ho, A. Jain, P. Abbeel, "Denoising Diffusion Probabilistic Models", NeurIPS 2020 (arXiv 2006.11239): formulas (4),
(6), (7) and (15). A. Nichol, P. Dhariwal, "Improved Denoising Diffusion Probabilistic Models", ICML 2021 (arXiv
2102.09672): fewer levels than were trained with. A. Lugmayr et al., "RePaint: Inpainting using Denoising Diffusion
Probabilistic Models", CVPR 2022 (arXiv 2201.09865): resampling.

Level 0 is the picture, in [−1, 1]; level T is noise.
"""

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Levels:
    """Levels 0 … T of noise. kept: ᾱ of each, the share of the picture's variance that is left, falling from 1.

    trained: of each level which of the trained levels it is.
    """

    kept: tuple[float, ...]
    trained: tuple[int, ...]

    @classmethod
    def linear(cls, number: int, first: float, last: float) -> "Levels":
        """`number` levels whose variances β rise evenly from `first` to `last`."""
        kept = [1.0]
        for level in range(number):
            variance = first + (last - first) * level / max(1, number - 1)
            kept.append(kept[-1] * (1 - variance))
        return cls(tuple(kept), tuple(range(number + 1)))

    def respaced(self, number: int) -> "Levels":
        """So many levels above 0 out of these, evenly spread, with the first and the last; of one the last."""
        last = len(self.kept) - 1
        chosen = [0, *(round(1 + (last - 1) * each / max(1, number - 1)) for each in range(number))]
        if number == 1:
            chosen[1] = last
        return Levels(tuple(self.kept[each] for each in chosen), tuple(self.trained[each] for each in chosen))

    def variance(self, level: int) -> float:
        """β: the variance of what is added between the level below and this one."""
        return 1 - self.kept[level] / self.kept[level - 1]

    def noised(self, picture: Tensor, noise: Tensor, level: int) -> Tensor:
        """A picture at a level, formula (4): √ᾱ · picture + √(1 − ᾱ) · noise."""
        return math.sqrt(self.kept[level]) * picture + math.sqrt(1 - self.kept[level]) * noise

    def clean(self, noised: Tensor, found: Tensor, level: int) -> Tensor:
        """The picture that is left when the noise that was `found` is taken away, formula (15), kept in [−1, 1]."""
        kept = self.kept[level]
        return ((noised - math.sqrt(1 - kept) * found) / math.sqrt(kept)).clamp(-1, 1)

    def below(self, noised: Tensor, clean: Tensor, noise: Tensor, level: int) -> Tensor:
        """One level less noise, formulas (6) and (7), with the variance β̃; from level 1 it is `clean` itself."""
        kept, less, variance = self.kept[level], self.kept[level - 1], self.variance(level)
        of_clean = math.sqrt(less) * variance / (1 - kept)
        of_noised = math.sqrt(1 - variance) * (1 - less) / (1 - kept)
        deviation = math.sqrt((1 - less) / (1 - kept) * variance)
        return of_clean * clean + of_noised * noised + deviation * noise

    def above(self, noised: Tensor, noise: Tensor, level: int) -> Tensor:
        """One level more noise, from `level`: what RePaint's resampling goes back by."""
        variance = self.variance(level + 1)
        return math.sqrt(1 - variance) * noised + math.sqrt(variance) * noise


def walk(levels: int, jump: int, times: int) -> list[int]:
    """The levels that RePaint's sampling visits, from `levels` down to 0, each one above or below the one before.

    From levels 1, 1 + jump, 1 + 2·jump, … it goes back up by `jump` levels and comes down again, so that it comes to
    each of them `times` times; from none whose way back would begin above `levels`.
    """
    left = dict.fromkeys(range(1, levels - jump + 1, jump), times - 1)
    visited = [levels]
    while visited[-1] > 0:
        visited.append(visited[-1] - 1)
        level = visited[-1]
        if left.get(level, 0) > 0:
            left[level] -= 1
            visited += range(level + 1, level + jump + 1)
    return visited


def evaluations(visited: list[int]) -> int:
    """How often the network is asked on a walk: once for every step down."""
    return sum(after < before for before, after in zip(visited, visited[1:], strict=False))
