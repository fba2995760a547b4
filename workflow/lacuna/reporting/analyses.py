"""What other tables do not measure: the colour of fills, contrast around holes, windows without a valid pixel.

Each answers a claim of a document that the project grew from; a config asks for them by name (`analyses`).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from lacuna.axes import base_of
from lacuna.data.images import read_mask
from lacuna.metrics.regions import band_radius
from lacuna.metrics.triples import paired_files, read_triple
from lacuna.reporting.aggregation import bins_of, predicted_by

CHANNELS = ("red", "green", "blue")
COLOURS = [
    "system",
    "source",
    "test_set",
    *CHANNELS,
    *(f"true_{name}" for name in CHANNELS),
    "warmer",
    "warmer_se",
    "n",
]
CONTRAST = ["system", "source", "metric", "correlation", "given_coverage", "n"]
DEAD = ["mask_set", "bin", "layer", "dead", "n"]
LEVELS = 7
RINGS = 2  # widths of the boundary band that a ring around the hole has


def fill_colours(lists: dict[str, str], indices: Sequence[str]) -> pd.DataFrame:
    """Mean colours inside holes, [0, 1], of raw predictions and of the truth: columns `COLOURS`.

    lists: test set → its list. indices: index.csv of the predictions. warmer: red − blue of the fill less that of the
    truth, with the standard error over the n images.
    """
    rows = []
    for index in indices:
        (system, source), test_set = predicted_by(index), base_of(index.split("/")[-2])
        found = []
        for files in paired_files(lists[test_set], index):
            truth, hole, raw, _ = read_triple(files)
            if hole.any():
                found.append([*raw[hole].mean(axis=0), *truth[hole].mean(axis=0)])
        values = np.array(found) / 255
        warmer = (values[:, 0] - values[:, 2]) - (values[:, 3] - values[:, 5])
        error = warmer.std(ddof=1) / len(warmer) ** 0.5 if len(warmer) > 1 else np.nan
        rows.append([system, source, test_set, *values.mean(axis=0), warmer.mean(), error, len(values)])
    return pd.DataFrame(rows, columns=COLOURS).sort_values(COLOURS[:3], ignore_index=True)


def contrasts(lists: Sequence[str]) -> pd.DataFrame:
    """Of every image and mask of the lists the contrast around the hole: columns image, mask, contrast.

    That is the standard deviation of the grey levels, [0, 1], of the known pixels at most `RINGS` bands from the hole.
    """
    from lacuna.data.images import read_image
    from lacuna.data.lists import read_list
    from lacuna.metrics.box_sums import box_sums

    rows = []
    for pair in (pair for path in lists for pair in read_list(path, validate=False)):
        image, hole = read_image(pair.image), read_mask(pair.mask)
        near = box_sums(hole.astype("float32"), RINGS * band_radius(*hole.shape)) > 0
        ring = image[near & ~hole].mean(axis=-1) / 255
        rows.append((pair.image, pair.mask, float(ring.std()) if ring.size else np.nan))
    return pd.DataFrame(rows, columns=["image", "mask", "contrast"])


def error_by_contrast(scores: pd.DataFrame, around: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Spearman's correlation of a metric in the hole with the contrast around it: columns `CONTRAST`.

    scores: of `aggregation.read_scores`. around: of `contrasts`. Composites of all test sets together;
    `given_coverage` is the correlation of the ranks after what the ranks of coverage explain of both is taken off.
    """
    chosen = scores[
        (scores["prediction"] == "composite") & (scores["region"] == "hole") & (scores["metric"] == metric)
    ].merge(around, on=["image", "mask"])
    rows = []
    for (system, source), each in chosen.dropna(subset="contrast").groupby(["system", "source"]):
        ranks = each[["value", "contrast", "coverage"]].rank()
        whole = ranks.corr()
        others = [whole.loc[name, "coverage"] for name in ("value", "contrast")]
        rest = whole.loc["value", "contrast"] - others[0] * others[1]
        left = (1 - others[0] ** 2) * (1 - others[1] ** 2)  # of both, once coverage is known: nothing where it says all
        given = rest / left**0.5 if left > 1e-12 else np.nan
        rows.append([system, source, metric, whole.loc["value", "contrast"], given, len(each)])
    return pd.DataFrame(rows, columns=CONTRAST)


def dead_windows(indexes: dict[str, str]) -> pd.DataFrame:
    """Share of the windows of each partial convolution of an encoder that see no valid pixel: columns `DEAD`.

    indexes: mask set → its index.csv. The windows of `systems/partialconv.py` are 7, 5, 5, 3, 3, … wide and two apart;
    as many layers as its authors have, or as reduce the mask to a single value. Means over the n masks of a bin.
    """
    from pathlib import Path

    from lacuna.data.indexes import read_index

    rows = []
    for name, index in indexes.items():
        for row in read_index(index, "file"):
            hole = read_mask(Path(index).with_name(row["file"]))
            bin_ = bins_of(np.array([hole.mean()]))[0]
            rows += [(name, bin_, layer, share) for layer, share in enumerate(dead_shares(hole), 1)]
    table = pd.DataFrame(rows, columns=["mask_set", "bin", "layer", "dead"])
    means = table.groupby(["mask_set", "bin", "layer"])["dead"].agg(["mean", "size"]).reset_index()
    return means.rename(columns={"mean": "dead", "size": "n"})[DEAD]


def dead_shares(hole: np.ndarray) -> Iterator[float]:
    """The share of dead windows of each layer. Zeros around the picture count as invalid, as in the layer."""
    from scipy.ndimage import maximum_filter

    valid = ~hole
    for level in range(1, min(LEVELS, min(hole.shape).bit_length() - 1) + 1):
        side = {1: 7, 2: 5, 3: 5}.get(level, 3)
        valid = maximum_filter(valid, side, mode="constant", cval=False)[::2, ::2]
        yield float(1 - valid.mean())
