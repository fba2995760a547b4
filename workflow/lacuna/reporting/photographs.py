"""Which photograph each image was cut from: crops of one are not independent of each other."""

from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.files import read_rows


def photographs_of(images: pd.Series) -> pd.Series:
    """The origin of every image, from the `index.csv` that staging left beside it.

    An image of a folder without one is a photograph of its own. An image missing from its index is a `LacunaError`.
    """
    known: dict[str, str] = {}
    for folder in sorted({Path(image).parent for image in images.unique()}):
        index = folder / "index.csv"
        if index.is_file():
            known |= {str(folder / row["file"]): row["origin"] for row in read_rows(index)}
            absent = [image for image in images.unique() if Path(image).parent == folder and image not in known]
            if absent:
                raise LacunaError(f"{index} does not know {Path(absent[0]).name}; run the rules 'stage' and 'score'.")
    return images.map(lambda image: known.get(image, image))


def mean_by_photograph(differences, photographs):
    """Values of N images and the photograph of each → means of the photographs, in the order of first appearance."""
    return pd.Series(differences).groupby(list(photographs), sort=False).mean().to_numpy()
