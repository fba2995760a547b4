"""From rows of scores to tidy tables. The rows are the truth; everything here is derived and can be made again."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lacuna.axes import base_of
from lacuna.cells import cell, uncell
from lacuna.data.photographs import photographs_of
from lacuna.errors import LacunaError
from lacuna.files import atomic, refuse_cut
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.replicates import averaged, conditions
from lacuna.reporting.titles import reading_of

KEYS = ["source", "test_set", "system", "prediction", "region", "metric"]
QUANTITATIVE = [*KEYS, "mean", "std", "n"]
BY_COVERAGE = [*KEYS, "bin", "mean", "std", "n"]
TRAINING = ["system", "source", "metric", "initial", "final", "difference", "better", "steps", "n"]
# Upper ends of the coverage bins. As in Liu et al. (ECCV 2018) a bin holds its upper end and not its lower one.
BIN_ENDS = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def bins_of(coverage: np.ndarray) -> np.ndarray:
    """The label of each coverage's bin, such as `0.01-0.10`."""
    starts = (0.0, *BIN_ENDS)
    labels = np.array([f"{low:.2f}-{high:.2f}" for low, high in zip(starts, BIN_ENDS, strict=False)])
    return labels[np.searchsorted(BIN_ENDS, np.asarray(coverage) - 1e-9)]


def bin_title(label: str) -> str:
    """`0.01-0.10` as a reader sees it: `1–10 %`."""
    low, high = (round(float(part) * 100) for part in label.split("-"))
    return f"{low}–{high} %"


def rows_of(paths: Sequence[str | Path], columns: Sequence[str], what: str, rule: str) -> pd.DataFrame:
    """The rows of all files as one table, which has `columns` and maybe others; no file: an empty table.

    A file that is unreadable or lacks a column is a `LacunaError` with `what` it should hold and the rule to run again.
    """
    tables = []
    for path in sorted(map(str, paths)):
        try:
            table = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise LacunaError(f"{path} cannot be read as {what} ({error}); run the rule '{rule}' again") from None
        missing = [name for name in columns if name not in table]
        if missing:
            raise LacunaError(f"{path} has no column '{missing[0]}'; run the rule '{rule}' again")
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(columns))


def read_scores(paths: Sequence[str | Path]) -> pd.DataFrame:
    """The rows of all score files as one table; none, and a missing file or column, is a `LacunaError`."""
    rows = rows_of(paths, (*KEYS, "image", "coverage", "value", "mask"), "scores", "score")
    if rows.empty:
        raise LacunaError("there are no scores to work on; run the rule 'score' for at least one system")
    return rows


def with_photographs(scores: pd.DataFrame) -> pd.DataFrame:
    """The same with a column `photograph`, by which everything that says how sure it is goes."""
    images = scores["image"].unique()
    return scores.assign(photograph=scores["image"].map(dict(zip(images, photographs_of(images), strict=True))))


def _summarise(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    summary = rows.groupby(keys, sort=True)["value"].agg(["mean", "std", "count"]).reset_index()
    return summary.rename(columns={"count": "n"})


def quantitative(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean, standard deviation (N−1) and N of every metric: columns `QUANTITATIVE`, sorted.

    Where scores are of several mask sets or sizes, each is apart, and their columns stand behind `KEYS`
    (`replicates.CONDITIONS`); trainings and samples are averaged before.
    """
    return _summarise(averaged(scores), [*KEYS, *conditions(scores)])


def by_coverage(scores: pd.DataFrame) -> pd.DataFrame:
    """The same for every bin of mask coverage: columns `BY_COVERAGE`, sorted."""
    rows = averaged(scores)
    return _summarise(rows.assign(bin=bins_of(rows["coverage"])), [*KEYS, *conditions(scores), "bin"])


def system_and_source(path: str | Path) -> tuple[str, str]:
    """(system, source) of a file in `training/<system>/<source>/`, by the names of the config."""
    folder = Path(path).absolute().parent
    return folder.parent.name, base_of(folder.name)


def predicted_by(path: str | Path) -> tuple[str, str]:
    """(system, source) of a file in `predictions/<system>/<source>/<test_set>/`."""
    return system_and_source(Path(path).absolute().parent)


def read_curve(path: str | Path) -> pd.DataFrame:
    """A whole CSV of numbers whose first column is `step`, in rising order; anything else is a `LacunaError`.

    A cell may be empty: a loss that rested in all steps of a row.
    """
    refuse_cut(path)
    try:
        curve = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise LacunaError(f"{path} cannot be read as a curve ({error}); run the rule 'train' again") from None
    if curve.empty or curve.columns[0] != "step" or not curve["step"].is_monotonic_increasing:
        raise LacunaError(f"{path} is not a curve with rising 'step's; run the rule 'train' again")
    if curve.select_dtypes("number").shape != curve.shape:  # an empty cell is read as a number, NaN
        raise LacunaError(f"{path} holds something else than numbers; run the rule 'train' again")
    return curve


def training(paths: Sequence[str | Path], numbers: dict[str, int]) -> pd.DataFrame:
    """Every validation metric at initialisation (step 0) and at the end: columns `TRAINING`, sorted.

    `numbers`: source → N of its validation images.
    """
    rows = []
    for path in paths:
        system, source = system_and_source(path)
        curve = read_curve(path)
        first, last = curve.iloc[0], curve.iloc[-1]
        if first["step"] != 0 or len(curve) < 2:
            raise LacunaError(
                f"{path} does not hold step 0 and a later step, so the initialisation has nothing to be compared "
                "with; run the rule 'train' again"
            )
        for name in curve.columns[1:]:
            rows.append(
                {
                    "system": system,
                    "source": source,
                    "metric": name,
                    "initial": first[name],
                    "final": last[name],
                    "difference": last[name] - first[name],
                    "better": "yes" if reading_of(name)[0].is_better(last[name], first[name]) else "no",
                    "steps": int(last["step"]),
                    "n": numbers[source],
                }
            )
    return pd.DataFrame(rows, columns=TRAINING).sort_values(["system", "source", "metric"], ignore_index=True)


def leaderboard(table: pd.DataFrame, prediction: str = "composite", region: str = "image") -> pd.DataFrame:
    """Means over all test images for each system and source, from `quantitative`; best mean rank first.

    Columns: system, source, n, one for each metric, mean_rank. The mean of a system is over its test sets' means, each
    weighted by its N; ranks are per metric, ties share their mean rank, and `mean_rank` is the mean over the metrics.
    """
    chosen = table[(table["prediction"] == prediction) & (table["region"] == region)]
    keys = ["system", "source", "metric"]
    sums = chosen.assign(total=chosen["mean"] * chosen["n"]).groupby(keys)[["total", "n"]].sum()
    sums["mean"] = sums["total"] / sums["n"]
    means = sums.pivot_table(values="mean", index=keys[:2], columns="metric")
    ranks = pd.DataFrame(
        {name: means[name].rank(ascending=metric_by_name(name).direction == "lower") for name in means}
    )
    means["mean_rank"] = ranks.mean(axis=1)
    means.insert(0, "n", sums["n"].groupby(["system", "source"]).first())
    return means.reset_index().sort_values(["mean_rank", "system", "source"], ignore_index=True)


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """A CSV with every digit of every number; the same table always gives the same bytes.

    Text that a spreadsheet would run as a formula is escaped; `read_table` gives it back.
    """
    with atomic(path) as partial:
        _texts(table, cell).to_csv(partial, index=False, lineterminator="\n")


def read_table(path: str | Path) -> pd.DataFrame:
    """What `write_table` wrote; a file that is missing, cut off or no table is a `LacunaError`."""
    refuse_cut(path)
    try:
        return _texts(pd.read_csv(path), uncell)
    except (OSError, ValueError) as error:
        raise LacunaError(f"{path} cannot be read as a table ({error}); run the rule that makes it first") from None


def _texts(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """The same with every text in it changed; numbers and what is missing stay."""
    columns = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    return table.assign(**{name: table[name].map(lambda x: change(x) if isinstance(x, str) else x) for name in columns})
