"""Where the uncertainty of a mean comes from: trainings, samples, photographs, or masks.

The score of image i of photograph p by sample s of training t is μ + P_p + M_i + T_t + (TP)_tp + (TM)_ti + S_tis:
trainings are crossed with images, images (each with its mask) are nested in photographs, and samples in both. The
variances of these effects come from mean squares whose expectations are solved for them (analysis of variance with
random effects, unbalanced: Searle, Casella and McCulloch, Variance Components, 1992, chapter 5); an estimate below 0
is 0. Divided by the numbers of levels they say how much of the variance of the mean each brings. Several mask sets over
the same images tell masks from photographs; the mean of each set is taken off first, because a set is a condition and
not chance.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from lacuna.reporting.replicates import REPEAT, SAMPLE
from lacuna.reporting.statistics import IMAGE, PHOTOGRAPH, beside, sources_of

PHOTOGRAPHS, MASKS, CROPS, BOTH = "photograph", "mask", "crop and mask", "photograph and mask"
TRAININGS, TOGETHER, SAMPLES = "training seed", "training seed × image", "sample"
FACTORS = (PHOTOGRAPHS, CROPS, MASKS, BOTH, TRAININGS, TOGETHER, SAMPLES)
BLOCK = ("composite", "image")  # that of the leaderboard
COLUMNS = [
    *("source", "system", "compared_with", "prediction", "region", "metric", "factor", "levels"),
    *("deviation", "of_mean", "share", "n", "photographs"),
]


@dataclass(frozen=True)
class Spread:
    """What is known of one system and metric. Variances are of single effects, in squared units of the metric.

    rows: image by image the mean over trainings and samples, index `IMAGE`, photograph and maybe mask set. groups: of
    these rows, here: of those of the selected mask set alone. training, with_photograph and with_image: of T, (TP) and
    (TM); 0 of one training. sample: of S, 0 of one sample.
    """

    rows: pd.Series
    groups: "_Groups"
    here: "_Groups"
    trainings: int
    samples: int
    training: float = 0.0
    with_photograph: float = 0.0
    with_image: float = 0.0
    sample: float = 0.0


def variances(scores: pd.DataFrame, mask_set: str = "") -> pd.DataFrame:
    """Every system, and every two systems of a source, by metric and factor: columns `COLUMNS`.

    scores: composites on the whole image are read, every training and sample a row of its own (`run.replicates`); with
    a column `test_masks`, of all mask sets, of which `mask_set` is the one that means are over. compared_with: the
    other system, for the difference of two; empty for a mean. deviation: of a single effect, of_mean: what the factor
    brings to the standard error of the mean, both in units of the metric. share: of the mean's variance. levels: of the
    factor. Systems with fewer than two photographs have no rows.
    """
    rows: list[dict] = []
    seen = set()
    for source in sources_of(scores):
        mine = beside(scores, source, *BLOCK)
        for metric, of_metric in mine.groupby("metric", sort=True):
            spreads = {}
            for (system, of), some in of_metric.groupby(["system", "source"], sort=True):
                spread = spread_of(some, mask_set)
                if spread is None:
                    continue
                spreads[system] = spread
                if (system, of, metric) not in seen:
                    seen.add((system, of, metric))
                    rows += _rows([spread], mask_set, source=of, system=system, compared_with="", metric=metric)
            for a, b in combinations(spreads, 2):
                names = {"source": source, "system": a, "compared_with": b, "metric": metric}
                rows += _rows([spreads[a], spreads[b]], mask_set, **names)
    block = dict(zip(("prediction", "region"), BLOCK, strict=True))
    table = pd.DataFrame([block | row for row in rows], columns=COLUMNS)
    return table.sort_values(["compared_with", "source", "system", "metric"], kind="stable", ignore_index=True)


def spread_of(scores: pd.DataFrame, mask_set: str) -> Spread | None:
    """Of the scores of one system by one metric; None of fewer than two photographs.

    Images that lack a training or a sample are left out.
    """
    replicates = [name for name in (REPEAT, SAMPLE) if name in scores]
    sets = [name for name in ("test_masks",) if name in scores]
    index = [*sets, *IMAGE, PHOTOGRAPH]
    if replicates:
        wide = scores.pivot_table(index=index, columns=replicates, values="value").dropna()
    else:
        wide = scores.set_index(index)[["value"]].sort_index()
    if wide.index.get_level_values(PHOTOGRAPH).nunique() < 2:
        return None
    trainings = scores[REPEAT].nunique() if REPEAT in scores else 1
    values = wide.to_numpy().reshape(len(wide), trainings, -1)
    means = values.mean(axis=2)
    rows = pd.Series(means.mean(axis=1), index=wide.index)
    of_set = _of_set(rows.index, mask_set)
    groups = _groups(rows.index)
    here = groups if of_set.all() else _groups(rows.index[of_set])
    sample = float(values.var(axis=2, ddof=1).mean()) if values.shape[2] > 1 else 0.0
    if trainings == 1:
        return Spread(rows, groups, here, trainings, values.shape[2], sample=sample)
    apart = means - means.mean(axis=1, keepdims=True)
    within, between, size = _mean_squares(apart, groups, trainings - 1)
    noise = sample / values.shape[2]
    with_photograph = max(0.0, (between - within) / size) if groups.freedom else max(0.0, between - noise)
    with_image = max(0.0, within - noise) if groups.freedom else 0.0
    chance = with_photograph * (here.sizes**2).sum() / here.sizes.sum() ** 2 + (with_image + noise) / here.sizes.sum()
    training = max(0.0, float(apart[of_set].mean(axis=0).var(ddof=1)) - chance)
    return Spread(rows, groups, here, trainings, values.shape[2], training, with_photograph, with_image, sample)


def _of_set(index: pd.MultiIndex, mask_set: str) -> np.ndarray:
    if "test_masks" not in index.names:
        return np.ones(len(index), bool)
    return index.get_level_values("test_masks").astype(str) == mask_set


@dataclass(frozen=True)
class _Groups:
    """Photographs and mask sets of N images: numbers, sizes of the photographs, degrees of freedom within them."""

    photographs: np.ndarray
    sets: np.ndarray
    sizes: np.ndarray
    freedom: int
    crops: bool


def _groups(index: pd.MultiIndex) -> _Groups:
    photographs, distinct = pd.factorize(index.get_level_values(PHOTOGRAPH))
    sets = np.zeros(len(index), int)
    if "test_masks" in index.names:
        sets = pd.factorize(index.get_level_values("test_masks"))[0]
    number = int(sets.max(initial=0)) + 1
    images = index.droplevel([name for name in ("test_masks", "mask") if name in index.names]).nunique()
    freedom = len(index) - len(distinct) - (number - 1)
    return _Groups(photographs, sets, np.bincount(photographs), max(0, freedom), images > len(distinct))


def _mean_squares(values: np.ndarray, groups: _Groups, columns: int) -> tuple[float, float, float]:
    """Mean squares of N×K values within and between photographs, and the size of a photograph that stands for theirs.

    Each mask set's mean is taken off. columns: degrees of freedom of the K columns, 1 of one. Where photographs hold
    one image each there is nothing within, and its mean square is 0.
    """
    counts = np.bincount(groups.sets)
    centred = values - np.array([np.bincount(groups.sets, column) / counts for column in values.T]).T[groups.sets]
    sizes = groups.sizes
    means = np.array([np.bincount(groups.photographs, column) for column in centred.T]).T / sizes[:, None]
    rest = centred - means[groups.photographs]
    within = float((rest**2).sum() / (groups.freedom * columns)) if groups.freedom else 0.0
    between = float((sizes[:, None] * means**2).sum() / ((len(sizes) - 1) * columns))
    return within, between, float((sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(sizes) - 1))


def _rows(spreads: list[Spread], mask_set: str, **names: str) -> Iterator[dict]:
    """What each factor brings to the mean of one system, or to the difference of two on the images of both."""
    first, groups, here = spreads[0], spreads[0].groups, spreads[0].here
    values = first.rows.to_numpy()
    if len(spreads) == 2:
        if first.rows.index.equals(spreads[1].rows.index):
            values = values - spreads[1].rows.to_numpy()
        else:
            rows = (first.rows - spreads[1].rows).dropna()
            values, groups = rows.to_numpy(), _groups(rows.index)
            here = _groups(rows.index[_of_set(rows.index, mask_set)])
    if not len(here.sizes) or len(groups.sizes) < 2:
        return
    within, between, size = _mean_squares(values[:, None], groups, 1)
    n = int(here.sizes.sum())
    of_photographs = float((here.sizes**2).sum() / n**2)  # 1 / P where all have as many images
    inside = sum(each.with_image / each.trainings + each.sample / each.trainings / each.samples for each in spreads)
    outside = sum(each.with_photograph / each.trainings for each in spreads)
    parts: dict[str, tuple[float, float, int]] = {}  # factor → variance of an effect, of the mean; levels
    if groups.freedom:
        photograph = max(0.0, (between - within) / size - outside)
        image = max(0.0, within - inside)
        parts[PHOTOGRAPHS] = photograph, photograph * of_photographs, len(here.sizes)
        parts[CROPS if groups.crops else MASKS] = image, image / n, n
    else:
        both = max(0.0, between - outside - inside)
        parts[BOTH] = both, both / n, n
    trained = [each for each in spreads if each.trainings > 1]
    if trained:
        number = max(each.trainings for each in trained)
        parts[TRAININGS] = (
            sum(each.training for each in trained),
            sum(each.training / each.trainings for each in trained),
            number,
        )
        parts[TOGETHER] = (
            sum(each.with_photograph + each.with_image for each in trained),
            sum((each.with_photograph * of_photographs + each.with_image / n) / each.trainings for each in trained),
            number * n,
        )
    drawing = [each for each in spreads if each.samples > 1]
    if drawing:
        of_mean = sum(each.sample / (n * each.trainings * each.samples) for each in drawing)
        parts[SAMPLES] = sum(each.sample for each in drawing), of_mean, max(each.samples for each in drawing)
    total = sum(of_mean for _, of_mean, _ in parts.values())
    for factor, (effect, of_mean, levels) in parts.items():
        numbers = {"deviation": effect**0.5, "of_mean": of_mean**0.5, "share": of_mean / total if total else np.nan}
        yield {**names, "factor": factor, "levels": levels, **numbers, "n": n, "photographs": len(here.sizes)}


def decides(table: pd.DataFrame) -> pd.DataFrame:
    """Of `variances`, the row with the largest share of each mean or difference; none where nothing varies."""
    known = table.dropna(subset=["share"])
    keys = ["source", "system", "compared_with", "metric"]
    return known.loc[known.groupby(keys, sort=False)["share"].idxmax()]
