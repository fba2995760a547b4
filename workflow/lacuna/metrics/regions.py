"""Which pixels of an image a score is about. To add a region, add one function and its facts.

No numpy at the top: names and facts can be asked for at every start of Snakemake.
"""

from collections.abc import Callable
from dataclasses import dataclass

BAND_PART = 64


@dataclass(frozen=True)
class Region:
    """A region's name, title and definition, and `pixels(masks)`: bool N×H×W (true = hole) → bool N×H×W.

    `pixels` is None for the whole image, whose scores may be defined otherwise than as a mean over pixels.
    """

    name: str
    title: str
    note: str
    pixels: Callable | None = None


def _hole(masks):
    return masks


def band_radius(height: int, width: int) -> int:
    """Pixels that the boundary band reaches to either side of the hole's edge: 4 at 256×256, at least 1."""
    return max(1, round(min(height, width) / BAND_PART))


def _boundary(masks):
    import numpy as np

    from lacuna.metrics.box_sums import box_sums

    radius = band_radius(*masks.shape[1:])
    holes = np.stack([box_sums(mask.astype("float32"), radius) for mask in masks])
    return (holes > 0) & (holes < (2 * radius + 1) ** 2)


REGIONS: dict[str, Region] = {
    region.name: region
    for region in (
        Region("image", "whole image", "Every pixel."),
        Region("hole", "hole only", "The pixels that were to be filled in; images without a hole are left out.", _hole),
        Region(
            "boundary",
            "band along the hole's edge",
            "Pixels with both hole and valid pixels within a square around them that reaches a 64th of the image's "
            "shorter side (rounded, at least one pixel; 4 at 256×256) in each direction: a band on both sides of the "
            "hole's edge. The frame of the image is not an edge; images without an edge are left out.",
            _boundary,
        ),
    )
}
