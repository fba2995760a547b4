"""Improvements picture by picture: their histograms' bins, and which pictures stand for an experiment, by rule."""

import math

import numpy as np
import pandas as pd

from lacuna.reporting.adaptation.improvement import by_step, percent, sign_of
from lacuna.reporting.adaptation.rows import JOB

INSIDE = 0.9  # share of the pictures within the limits of a histogram, at least
BINS = 20


def per_picture(rows: pd.DataFrame, metric: str, region: str) -> pd.DataFrame:
    """A row a picture: `JOB`, image, photograph, before, after, improvement_percent after the last step.

    rows: of `rows.read_rows`. Pictures that were perfect before, by a metric whose best is 0, are left out.
    """
    found, chosen = [], rows[(rows["metric"] == metric) & (rows["region"] == region)]
    for key, mine in chosen.groupby(JOB):
        wide, _ = by_step(mine)
        before, after = wide[0], wide[max(wide.columns)]
        table = pd.DataFrame({"before": before, "after": after}).reset_index()
        table["improvement_percent"] = percent(table["before"], table["after"], sign_of(metric))
        found.append(table.assign(**dict(zip(JOB, key, strict=True))))
    every = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*JOB, "image"])
    return every.dropna(ignore_index=True)


def limit_of(improvements: np.ndarray) -> float:
    """1, 2 or 5 times a power of ten: the smallest within whose distance from 0 `INSIDE` of the values lie."""
    reach = float(np.quantile(np.abs(improvements), INSIDE)) or 1.0
    power = 10.0 ** math.floor(math.log10(reach))
    return next(step * power for step in (1, 2, 5, 10) if reach <= step * power)


def histogram(improvements: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Edges of `BINS` bins, counts of what lies within the limits, and how many lie below and above them."""
    improvements = np.round(improvements, 9)  # 20.000000000000004 % is no more than 20 %
    limit = limit_of(improvements)
    edges = np.linspace(-limit, limit, BINS + 1)
    counts = np.histogram(improvements, edges)[0]
    return edges, counts, int((improvements < -limit).sum()), int((improvements > limit).sum())


def examples_of(table: pd.DataFrame, kind: str, number: int) -> pd.DataFrame:
    """At most `number` pictures of one job that stand for a kind, from `per_picture`; equal ones go by name.

    best: the greatest improvements above 0. worst: the smallest, below 0, worst first. no_improvement: those at or
    below 0 that are nearest to it. median: those around the middle.
    """
    ordered = table.sort_values(["improvement_percent", "image"], ignore_index=True)
    gained = ordered["improvement_percent"]
    if kind == "median":
        start = max(0, (len(ordered) - number + 1) // 2)
        return ordered.iloc[start : start + number]
    kinds = {
        "best": ordered[gained > 0].iloc[::-1],
        "worst": ordered[gained < 0],
        "no_improvement": ordered[gained <= 0].iloc[::-1],
    }
    return kinds[kind].head(number)


def improved_boxes(before: np.ndarray, after: np.ndarray, truth: np.ndarray, most: int = 2) -> list[tuple]:
    """(left, top, width, height) of windows of a sixth of the sides where the error falls most, at most `most`.

    Pictures uint8 H×W×3. The windows do not overlap; none where the error falls in no window by a tenth.
    """
    error_before, error_after = (np.abs(each.astype(float) - truth).mean(axis=2) for each in (before, after))
    height, width = (max(4, round(side / 6)) for side in truth.shape[:2])
    gained, old = (_window_sums(values, height, width) for values in (error_before - error_after, error_before))
    found: list[tuple] = []
    while len(found) < most:
        top, left = np.unravel_index(np.argmax(gained), gained.shape)
        if not gained[top, left] > 0.1 * old[top, left]:
            break
        found.append((int(left), int(top), width, height))
        gained[max(0, top - height + 1) : top + height, max(0, left - width + 1) : left + width] = -np.inf
    return found


def _window_sums(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Sums over all windows of `height`×`width` that lie within H×W."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    return sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
