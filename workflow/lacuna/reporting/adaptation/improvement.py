"""How much adapting improves: ratios of means over pictures, positive where it is better, with intervals.

The ratio of means and not the mean of ratios, because scores of whole sets know no other, and because a picture whose
hole is nearly right already would rule the mean of ratios.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy import stats

from lacuna.errors import LacunaError
from lacuna.metrics.features import Features
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.per_set import set_metric_by_name
from lacuna.reporting.adaptation.rows import JOB
from lacuna.reporting.bootstrap import LEVEL, intervals_of

COLUMNS = [*JOB, "step", "metric", "region", "mean", "improvement_percent", "ci_low", "ci_high", "n"]
BLOCK = ["metric", "region"]
GROUPS = 20  # of photographs, each left out once, for the intervals of scores of whole sets


def sign_of(metric: str, of_set: bool = False) -> int:
    """1 where higher is better, −1 where lower is."""
    return 1 if (set_metric_by_name if of_set else metric_by_name)(metric).direction == "higher" else -1


def percent(before, after, sign: int):
    """The improvement in percent of what was there before; NaN where that was 0."""
    before, after = np.asarray(before, float), np.asarray(after, float)
    before = np.broadcast_to(before, after.shape)
    return 100 * sign * np.divide(after - before, np.abs(before), np.full(after.shape, np.nan), where=before != 0) + 0.0


def improvements(rows: pd.DataFrame, set_rows: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every experiment, system, source and test set at every evaluated step, from `rows.read_rows`: columns `COLUMNS`.

    Intervals are 95 % bootstrap ones over photographs, those drawn at step 0 and later being the same. set_rows: what
    `set_improvements` gives, put beside them.
    """
    keys = [*JOB, *BLOCK]
    found = [_of_images(part, dict(zip(keys, key, strict=True))) for key, part in rows.groupby(keys)]
    parts = [each for each in (*found, set_rows) if each is not None and len(each)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    return table.sort_values([*keys, "step"], ignore_index=True)[COLUMNS]


def _of_images(rows: pd.DataFrame, key: dict) -> pd.DataFrame:
    """One experiment and metric, a row a step. Pictures without a value at some step are left out of all."""
    wide, photographs = by_step(rows)
    steps, values, sign = list(wide.columns), wide.to_numpy(), sign_of(key["metric"])
    means = values.mean(axis=0)
    draws = key["system"], key["test_set"]  # so that all experiments and sources have the same

    def gained(drawn: np.ndarray) -> np.ndarray:
        return percent(drawn[..., :1], drawn, sign)

    low, high = intervals_of(gained, values, *draws, photographs=photographs)
    table = pd.DataFrame({"step": steps, "mean": means, "improvement_percent": percent(means[0], means, sign)})
    return table.assign(**key, ci_low=low, ci_high=high, n=len(wide))


def by_step(rows: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Scores of one experiment and metric, images down and steps across, and the photograph of each image."""
    wide = rows.pivot_table(index=["image", "photograph"], columns="step", values="value").dropna()
    if 0 not in wide or wide.empty:
        raise LacunaError(
            f"the rows of {rows['experiment'].iloc[0]} on {rows['test_set'].iloc[0]} hold no picture with a score at "
            "step 0 and every later one; run the rule 'adapt' again"
        )
    return wide, wide.index.get_level_values("photograph").to_numpy()


# ---------------------------------------------------------------------- scores of whole sets


def set_improvements(
    adapted: Mapping[tuple, Features], truths: Mapping[str, Features], metrics: list[str]
) -> pd.DataFrame:
    """FID, KID and the like of every evaluated step: columns `COLUMNS`.

    adapted: (experiment, system, source, test set) → features of the composites by step (`step_00005`), NaN of pictures
    that were passed over. truths: test set → features of `truth`, of the same images in the same order, or of more that
    begin with them. The interval, of the last step alone, is Student's with the error of a jackknife that leaves out up
    to `GROUPS` groups of photographs, for a set drawn with replacement holds pictures twice, which these scores take
    for a narrower distribution.
    """
    found = []
    for key, features in adapted.items():
        of = {int(name.removeprefix("step_")): values for name, values in sorted(features.of.items())}
        adapted_to = np.isfinite(of[0]).all(1)
        of = {step: values[adapted_to] for step, values in of.items()}
        truth = _truth_of(features, truths[key[3]], key)[adapted_to]
        photographs = np.asarray(features.photographs)[adapted_to]
        for metric in map(set_metric_by_name, metrics):
            if len(truth) < metric.needs:
                continue
            rows = pd.DataFrame(_of_set(of, truth, photographs, metric), columns=COLUMNS[4:])
            found.append(rows.assign(**dict(zip(JOB, key, strict=True))))
    return pd.concat(found, ignore_index=True)[COLUMNS] if found else pd.DataFrame(columns=COLUMNS)


def _truth_of(features: Features, reference: Features, key: tuple) -> np.ndarray:
    """The true pictures' features, of the first pictures of the test set where no more were adapted to."""
    n = len(features.photographs)
    is_same = features.images == reference.images
    if not is_same and not (n < len(reference.photographs) and reference.photographs[:n] == features.photographs):
        raise LacunaError(
            f"the features of {key[0]} on {key[3]} are not of the images of its true ones; run the rule 'adapt' again"
        )
    return reference.of["truth"][:n]


def _of_set(of: dict[int, np.ndarray], truth: np.ndarray, photographs: np.ndarray, metric) -> Iterator[tuple]:
    """Rows of one set metric, in the order of `COLUMNS` after `JOB`."""
    sign, last = sign_of(metric.name, of_set=True), max(of)

    def improvement(kept: np.ndarray, step: int) -> tuple[float, float]:
        before, after = (metric.measure(of[at][kept], truth[kept], photographs[kept])[0] for at in (0, step))
        return after, float(percent(before, after, sign)) if before > 0 else np.nan

    every = np.arange(len(truth))
    for step in sorted(of):
        value, gained = improvement(every, step)
        low = high = 0.0 if step == 0 else np.nan
        if step == last and step:
            low, high = _jackknifed(gained, photographs, metric.needs, lambda kept: improvement(kept, last)[1])
        yield step, metric.name, "image", value, gained, low, high, len(truth)


def _jackknifed(value: float, photographs: np.ndarray, fewest: int, of_rows) -> tuple[float, float]:
    """Student's interval of a value by leaving out groups of photographs; NaN where too few are left."""
    numbers = pd.factorize(photographs)[0]
    groups = numbers % min(GROUPS, numbers.max() + 1)
    count = groups.max() + 1
    kept = [np.flatnonzero(groups != number) for number in range(count)]
    if count < 2 or min(map(len, kept)) < fewest:
        return np.nan, np.nan
    without = np.array([of_rows(rows) for rows in kept])
    error = np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())
    reach = stats.t.ppf((1 + LEVEL) / 2, count - 1) * error
    return value - reach, value + reach
