"""Scores of whole sets (FID, KID, U-IDS, P-IDS)."""

import math

from lacuna.metrics.per_set import set_metric_by_name
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, sentences
from lacuna.reporting.titles import PREDICTIONS, UNTRAINED_MARK, UNTRAINED_NOTE, check_known, titles
from lacuna.sources import CONTROL, SHARED

SMALL_MARK = "‡"


def rows(run):
    """What `lacuna step score_set` wrote of systems and controls in the selected cell, sorted."""
    from lacuna.metrics.set_scoring import COLUMNS
    from lacuna.reporting.aggregation import rows_of

    read = rows_of(run.files("set_scores"), COLUMNS, "scores of sets", "score_set")
    found = over_replicates(run.selected(read), COLUMNS)[COLUMNS]
    return found.astype({"n": int}).sort_values(COLUMNS[:5], ignore_index=True)


def over_replicates(scores, columns: list[str]):
    """The mean value over trainings and samples, where a system has several; the same rows where none has.

    The squared standard error is the mean of theirs, for all are of the same images, and the trainings' variance
    divided by their number.
    """
    from lacuna.axes import REPEAT, SAMPLE

    over = [name for name in (REPEAT, SAMPLE) if name in scores]
    if not over:
        return scores
    keys = columns[:5]
    by_training = scores.assign(square=scores["standard_error"].astype(float) ** 2)
    if REPEAT in over:
        by_training = by_training.groupby([*keys, REPEAT], as_index=False).agg(
            value=("value", "mean"), square=("square", "mean"), n=("n", "first"), flag=("flag", "first")
        )
    found = by_training.groupby(keys, as_index=False).agg(
        value=("value", "mean"),
        square=("square", "mean"),
        between=("value", "var"),
        number=("value", "size"),
        n=("n", "first"),
        flag=("flag", "first"),
    )
    return found.assign(standard_error=(found["square"] + found["between"].fillna(0) / found["number"]) ** 0.5)


def shown(run, _="") -> list[DisplayTable]:
    """The tables of `set_tables`."""
    return set_tables(run.table("set_scores"), run.settings)


def set_tables(scores, settings: dict) -> list[DisplayTable]:
    """What systems score, composites first; no table where nothing was scored. `settings`: titles."""
    return _tables(scores[scores["source"] != CONTROL], settings, titles(settings["systems"]), "Scores of whole sets")


def control_set_tables(scores, settings: dict, names: dict[str, str]) -> list[DisplayTable]:
    """What the controls score; raw and composite are the same for them. `names`: control → title."""
    chosen = scores[(scores["source"] == CONTROL) & (scores["prediction"] == "composite")]
    return _tables(chosen, settings, names, "Controls: scores of whole sets")


def _tables(scores, settings: dict, names: dict[str, str], title: str) -> list[DisplayTable]:
    check_known(scores["system"], names, "system")
    scores = scores.fillna({"flag": ""})  # as it is in the file of a table
    found = [name for name in PREDICTIONS if name in set(scores["prediction"])]
    return [_table(scores[scores["prediction"] == name], settings, names, title, name) for name in found]


def _table(scores, settings: dict, names: dict[str, str], title: str, prediction: str) -> DisplayTable:
    metrics = [set_metric_by_name(name) for name in dict.fromkeys(scores["metric"])]
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
    return DisplayTable(
        title=f"{title}: {prediction}, whole image",
        caption=_caption(scores, metrics, prediction),
        head=("Data set (N)", "System, trained on", *(f"{metric.title} {metric.arrow}" for metric in metrics)),
        groups=tuple(groups),
    )


def _in_order(names: dict[str, str], sources: dict[str, str]) -> list[tuple[str, str]]:
    return [(system, source) for system in names for source in [*sources, *sorted(SHARED), CONTROL]]


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
            + ("" if math.isnan(row.standard_error) else f" ± {row.standard_error:{number}}")
            + (f" {SMALL_MARK}" if row.flag else ""),
            not row.flag and float(f"{row.value:{number}}") == best,
        )
        for row in rows
    ]


def _caption(scores, metrics: list, prediction: str) -> str:
    small = [
        f"{metric.title}: fewer than {metric.trusted_from}" for metric in metrics if metric.flag(scores["n"].min())
    ]
    return sentences(
        TABLE.text(),
        f"Shown: {PREDICTIONS[prediction]}.",
        f"{SMALL_MARK} N is small ({'; '.join(small)} images): the value is biased, by an amount that differs between "
        "systems, so it ranks nothing and does not compare with a value at another N." * bool(small),
        "↑ higher is better, ↓ lower is better; the best of each data set is bold unless it is marked so, before any "
        "test of significance.",
        UNTRAINED_NOTE * bool(SHARED & set(scores["source"])),
    )


TABLE = Table(
    title="scores of sets",
    section="set_metrics",
    caption="Features of the N predictions of each data set against those of the N true images, whole image: of the "
    "Inception, or of the backbone in brackets; "
    "± is the standard error where the metric has one, over what its definition says; of one photograph there is none. "
    "FID, KID, U-IDS and P-IDS judge whole sets, of raw predictions and of composites.",
    columns={
        "source": "control for the controls",
        "flag": "small-n where n images are too few for the metric (FID below 2048): the value is biased, by an amount "
        "that differs between systems, and does not compare with a value at another n",
    },
    inputs=("controls", "set_scores"),  # one job with the controls, which are shown beside them
    rows=rows,
    shown=shown,
)
