"""Coverage bins: which range of hole pixels a mask of a set must have."""

from fractions import Fraction
from typing import NamedTuple

from lacuna.errors import LacunaError


class Bin(NamedTuple):
    """Coverages in (lower, upper], as the literature bins them (Liu et al. 2018)."""

    label: str
    lower: Fraction
    upper: Fraction

    def pixels(self, total: int) -> tuple[int, int]:
        """The fewest and the most hole pixels of a mask of `total` pixels in this bin."""
        return int(self.lower * total) + 1, int(self.upper * total)


def coverage_bins(coverage: list[float], number: int) -> list[Bin]:
    """The bins of a coverage range [lo, hi].

    Edges are a uniform grid over [0, hi] whose first edge is replaced by lo: [0.01, 0.6] in 6 bins has the edges
    0.01, 0.1, 0.2, … 0.6. Where lo is beyond the grid's second edge the grid is uniform over [lo, hi] instead.
    """
    low, high = (Fraction(str(edge)) for edge in coverage)
    if not 0 <= low < high <= 1 or number < 1:
        raise LacunaError(
            f"coverage {coverage} in {number} bins is not a range; give [lo, hi] within [0, 1] and 1 or more bins"
        )
    start = 0 if low < high / number else low
    edges = [low, *(start + (high - start) * i / number for i in range(1, number + 1))]
    digits = next((d for d in (2, 3) if all(edge * 10**d % 1 == 0 for edge in edges)), 4)
    return [
        Bin(f"{float(lower):.{digits}f}-{float(upper):.{digits}f}", lower, upper)
        for lower, upper in zip(edges, edges[1:], strict=False)
    ]
