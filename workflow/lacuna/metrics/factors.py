"""What may make a hole hard to fill: names and meanings, without numpy, because the plan asks for them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Factor:
    """title: as a column's heading. meaning: for captions."""

    title: str
    meaning: str


FACTORS = {
    "coverage": Factor("Coverage", "share of the image that is hole"),
    "circle": Factor("Largest circle", "radius of the largest circle in the hole that holds no known pixel"),
    "contrast": Factor("Contrast", "standard deviation of the luma around the hole"),
    "texture": Factor("Texture", "mean difference around the hole of a pixel's luma from its 3×3 mean"),
    "border": Factor("From the border", "mean distance of the hole's pixels from the nearest border of the image"),
    "likeness": Factor("Likeness", "share of colours that the hole's truth and what surrounds it have in common"),
}
