"""Which test images stand for a system: its best, median and worst, one that all share, and the worst 1 %.

Chosen by rule and never by eye: by the first metric of the config, of composites, in the hole. Equal scores go by the
names of test set, image and mask.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lacuna.axes import base_of
from lacuna.data.indexes import read_index
from lacuna.data.lists import read_list, read_truths
from lacuna.errors import LacunaError
from lacuna.metrics.facts import Metric
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.triples import Files, paired_files, with_truths
from lacuna.reporting.aggregation import predicted_by
from lacuna.reporting.strips import Example
from lacuna.reporting.titles import check_known, label_of, titles
from lacuna.sources import SHARED

PREDICTION, REGION = "composite", "hole"
WORST_SHARE = 0.01
FEWEST = 3
NAMES = ["test_set", "image", "mask"]
COLUMNS = ["system", "source", "rank", *NAMES, "file", "coverage", "metric", "prediction", "region", "value", "n"]


def ordered(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows that the choice is made from, worst first within each (system, source)."""
    chosen = scores[(scores["prediction"] == PREDICTION) & (scores["region"] == REGION) & (scores["metric"] == metric)]
    worst_first = metric_by_name(metric).direction == "higher"
    keys = ["system", "source", "value", *NAMES]
    return chosen.sort_values(keys, ascending=[True, True, worst_first, True, True, True], ignore_index=True)


def how_many(n: int) -> int:
    """How many images the worst 1 % of `n` are: rounded up, at least `FEWEST`, at most all."""
    return min(n, max(FEWEST, math.ceil(WORST_SHARE * n)))


def worst(scores: pd.DataFrame, metric: str, files: dict) -> pd.DataFrame:
    """The worst 1 % of every (system, source), worst first: columns `COLUMNS`; `n` is what they are the worst of.

    `files`: (system, source, test set, image, mask) → prediction file.
    """
    parts = []
    for _, rows in ordered(scores, metric).groupby(["system", "source"], sort=True):
        some = rows.head(how_many(len(rows))).copy()
        parts.append(some.assign(rank=range(1, len(some) + 1), n=len(rows)))
    table = pd.concat(parts, ignore_index=True)
    keys = table[["system", "source", *NAMES]].itertuples(index=False, name=None)
    return table.assign(file=[str(_file(files, key)) for key in keys])[COLUMNS]


def middling(rows: pd.DataFrame) -> tuple[str, str, str]:
    """(test set, image, mask) of the image with the median coverage: the same one for every system.

    Of an even number the one with the smaller hole.
    """
    images = rows.drop_duplicates(NAMES).sort_values(["coverage", *NAMES])
    return tuple(images[NAMES].iloc[(len(images) - 1) // 2])


def prediction_files(indices: Sequence[str | Path]) -> dict[tuple[str, str, str, str, str], Path]:
    """(system, source, test set, image, mask) → prediction file, of `predictions/…/<test_set>/index.csv`."""
    found = {}
    for index in map(Path, indices):
        for row in read_index(index, "file", "image", "mask"):
            key = (*predicted_by(index), base_of(index.absolute().parent.name), row["image"], row["mask"])
            found[key] = index.parent / row["file"]
    return found


def truths_in(lists: Sequence[str | Path]) -> dict[tuple[str, str], str]:
    """(image, mask) → the truth that it is scored against, of lists of test sets."""
    return {
        (pair.image, pair.mask): truth
        for path in lists
        for pair, truth in zip(read_list(path, validate=False), read_truths(path), strict=True)
    }


def _file(files: dict, key: tuple) -> Path:
    if key not in files:
        raise LacunaError(f"{key[3]} was scored for '{key[0]}' but no index.csv lists its prediction; predict again")
    return files[key]


def checked(settings: dict, scores: pd.DataFrame) -> tuple[Metric, pd.DataFrame]:
    """The metric that decides, and `ordered` by it. `settings`: titles and `metrics`.

    A system without a title and scores without a hole are `LacunaError`s.
    """
    metric = metric_by_name(settings["metrics"][0])
    check_known(scores["system"], titles(settings["systems"]), "system")
    rows = ordered(scores, metric.name)
    if rows.empty:
        raise LacunaError(f"no image has a score of '{metric.name}' in its hole; give masks that have holes")
    return metric, rows


def example(row, what: str, metric: Metric, files: dict, truths: dict) -> Example:
    """What `draw_strips` shows of a row of scores; `what` it stands for. files, truths: of the functions above."""
    file = _file(files, (row.system, row.source, row.test_set, row.image, row.mask))
    unit = f" {metric.unit}" * bool(metric.unit)
    score = f"{metric.title} {row.value:.{metric.decimals}f}{unit}"
    shown = with_truths([(row.image, row.mask, file)], [truths.get((row.image, row.mask), row.image)])
    return Example(shown[0], what, f"{score}, {row.coverage:.0%} hole")


def completions(settings: dict, list_path: str | Path, indices: Sequence[str | Path]) -> dict[str, list[Files]]:
    """Label → the files of a test set that a system completed after learning from a source, in the config's order.

    settings: titles. indices: index.csv of the predictions.
    """
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    files = {predicted_by(path): paired_files(list_path, path) for path in map(str, indices)}
    keys = [(name, source) for name in systems for source in [*sources, *sorted(SHARED)]]
    return {
        label_of(systems[name], source, sources): files[name, source]
        for name, source in keys
        if (name, source) in files
    }


def in_order(rows: pd.DataFrame, settings: dict) -> list[tuple[str, str, str]]:
    """(system, source, label) in the order of the config."""
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    places = {name: place for place, name in enumerate([*sources, *sorted(SHARED)])}
    pairs = set(zip(rows["system"], rows["source"], strict=True))
    keys = sorted(pairs, key=lambda pair: (list(systems).index(pair[0]), places.get(pair[1], len(places))))
    return [(system, source, label_of(systems[system], source, sources)) for system, source in keys]
