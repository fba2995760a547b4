"""Scores of whole sets (FID, KID, U-IDS, P-IDS): the tidy table and how it is shown."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.metrics.set_scoring import COLUMNS, named
from lacuna.reporting.aggregation import SHARED
from lacuna.reporting.tables import Cell, Table
from lacuna.reporting.titles import PREDICTIONS, UNTRAINED_MARK, UNTRAINED_NOTE, check_known, titles
from lacuna.yardsticks import SOURCE

SMALL_MARK = "‡"


def read_set_scores(paths: Sequence[str | Path]) -> pd.DataFrame:
    """The rows of all files that `lacuna step score_set` wrote: columns `COLUMNS`, sorted; no file: an empty table.

    A file that is unreadable or lacks a column is a `LacunaError`.
    """
    tables = []
    for path in paths:
        try:
            tables.append(pd.read_parquet(path)[COLUMNS])
        except (OSError, ValueError, KeyError) as error:
            raise LacunaError(
                f"{path} cannot be read as scores of sets ({error}); run the rule 'score_set' again."
            ) from None
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(tables).astype({"n": int}).sort_values(COLUMNS[:5], ignore_index=True)


def set_tables(scores: pd.DataFrame, settings: dict) -> list[Table]:
    """What systems score, composites first; no table where nothing was scored. `settings`: titles, `demonstration`."""
    return _tables(scores[scores["source"] != SOURCE], settings, titles(settings["systems"]), "Scores of whole sets")


def yardstick_set_tables(scores: pd.DataFrame, settings: dict, names: dict[str, str]) -> list[Table]:
    """What the yardsticks score; raw and composite are the same for them. `names`: yardstick → title."""
    chosen = scores[(scores["source"] == SOURCE) & (scores["prediction"] == "composite")]
    return _tables(chosen, settings, names, "Yardsticks: scores of whole sets")


def _tables(scores: pd.DataFrame, settings: dict, names: dict[str, str], title: str) -> list[Table]:
    check_known(scores["system"], names, "system")
    found = [name for name in PREDICTIONS if name in set(scores["prediction"])]
    return [_table(scores[scores["prediction"] == name], settings, names, title, name) for name in found]


def _table(scores: pd.DataFrame, settings: dict, names: dict[str, str], title: str, prediction: str) -> Table:
    metrics = [named(name) for name in dict.fromkeys(scores["metric"])]
    sources = titles(settings["sources"])
    groups = []
    for test_set, set_title in titles(settings["test_sets"]).items():
        mine = scores[scores["test_set"] == test_set]
        rows = {(row.system, row.source, row.metric): row for row in mine.itertuples()}
        keys = [key for key in _in_order(names, sources) if (*key, metrics[0].name) in rows]
        columns = [_cells([rows[*key, metric.name] for key in keys], metric) for metric in metrics]
        lines = [
            (_label(names[system], source, sources), tuple(column[place] for column in columns))
            for place, (system, source) in enumerate(keys)
        ]
        numbers = ", ".join(str(number) for number in sorted(set(mine["n"])))
        groups.append((f"{set_title} ({numbers})", tuple(lines)))
    return Table(
        title=f"{title}: {prediction}, whole image",
        caption=_caption(scores, settings, metrics, prediction),
        head=("Data set (N)", "System, trained on", *(f"{metric.title} {metric.arrow}" for metric in metrics)),
        groups=tuple(groups),
    )


def _in_order(names: dict[str, str], sources: dict[str, str]) -> list[tuple[str, str]]:
    return [(system, source) for system in names for source in [*sources, *sorted(SHARED), SOURCE]]


def _label(title: str, source: str, sources: dict[str, str]) -> str:
    if source in SHARED:
        return f"{title} {UNTRAINED_MARK}"
    return f"{title}, {sources[source]}" if source in sources else title


def _cells(rows: list, metric) -> list[Cell]:
    """A column: values with their standard errors; the best that is not flagged is marked, and so is what equals it."""
    number = f".{metric.decimals}f"
    trusted = [float(f"{row.value:{number}}") for row in rows if not row.flag]
    best = (max if metric.direction == "higher" else min)(trusted) if len(trusted) > 1 else None
    return [
        Cell(
            f"{row.value:{number}}"
            + ("" if pd.isna(row.standard_error) else f" ± {row.standard_error:{number}}")
            + (f" {SMALL_MARK}" if row.flag else ""),
            not row.flag and float(f"{row.value:{number}}") == best,
        )
        for row in rows
    ]


def _caption(scores: pd.DataFrame, settings: dict, metrics: list, prediction: str) -> str:
    small = [
        f"{metric.title}: fewer than {metric.trusted_from}" for metric in metrics if metric.flag(scores["n"].min())
    ]
    sentences = [
        "Demonstration, no result about the systems." * settings["demonstration"],
        "Inception features of the N predictions of each data set against those of the N true images, of "
        f"{PREDICTIONS[prediction]}, whole image; ± is the standard error where the metric has one, over what its "
        "definition says; of one photograph there is none.",
        f"{SMALL_MARK} N is small ({'; '.join(small)} images): the value is biased, by an amount that differs between "
        "systems, so it ranks nothing and is not to be held against a value at another N." * bool(small),
        "↑ higher is better, ↓ lower is better; the best of each data set is bold unless it is marked so, before any "
        "test of significance.",
        UNTRAINED_NOTE * bool(SHARED & set(scores["source"])),
    ]
    return " ".join(filter(None, sentences))
