"""All systems over all test sets together, best mean rank first."""

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import DRAWN, Table
from lacuna.reporting.display import Cell, DisplayTable, images_of, interval_text, row_of, sentences, with_interval
from lacuna.reporting.titles import PREDICTIONS, check_known, titles
from lacuna.sources import ELSEWHERE, UNTRAINED


def rows(run):
    """`statistics.leaderboard_intervals` of the systems."""
    from lacuna.reporting.statistics import leaderboard_intervals

    return leaderboard_intervals(run.replicates)


def shown(run, _="") -> list[DisplayTable]:
    """The one table of `leaderboard_table`."""
    return [leaderboard_table(run.table("leaderboard"), run.settings)]


def leaderboard_table(board, settings: dict) -> DisplayTable:
    """All systems, best mean rank first, from `statistics.leaderboard_intervals`."""
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    sources |= {UNTRAINED: "– (needs no training)", ELSEWHERE: "elsewhere"}
    check_known(board["system"], systems, "system")
    check_known(board["source"], sources, "source")
    metrics = [name for name in settings["metrics"] if name in set(board["metric"])]
    places = board.drop_duplicates(["system", "source"])
    of = {(row.system, row.source, row.metric): row for row in board.itertuples()}
    keys = list(zip(places["system"], places["source"], strict=True))
    columns = [_with_intervals([of.get((*key, name)) for key in keys], name) for name in metrics]
    groups = []
    for position, (place, (system, source)) in enumerate(zip(places.itertuples(), keys, strict=True)):
        rank = with_interval(place.mean_rank, place.rank_low, place.rank_high, ".2f")
        cells = (*(column[position] for column in columns), Cell(rank))
        groups.append((systems[system], ((sources[source], cells),)))
    n, sets = images_of(board, "test images"), len(titles(settings["test_sets"]))
    return DisplayTable(
        title="All test sets together: composite, whole image",
        caption=sentences(
            TABLE.text(n=f"{n} of {sets} data set{'s' * (sets > 1)}"),
            "↑ higher is better, ↓ lower is better; the best of each column is bold, before any test of significance.",
        ),
        head=("System", "Trained on", *(metric_by_name(name).label for name in metrics), "Mean rank ↓"),
        groups=tuple(groups),
    )


def _with_intervals(found: list, metric_name: str) -> list[Cell]:
    """The cells of `row_of`, each with its interval; None is a missing row."""
    number = f".{metric_by_name(metric_name).decimals}f"
    cells = row_of([None if row is None else row.mean for row in found], metric_name)
    return [
        cell if row is None else Cell(f"{cell.text} {interval_text(row.low, row.high, number)}", cell.best)
        for cell, row in zip(cells, found, strict=True)
    ]


TABLE = Table(
    title="leaderboard with intervals",
    section="summary",
    caption=f"Means over {{n}}, of {PREDICTIONS['composite']}, whole image, with their 95 % intervals (bootstrap over "
    "photographs). Ordered by the mean rank over the metrics, whose interval ranks the means over the same resampled "
    "photographs.",
    columns={
        "low, high": "ends of the interval of the mean",
        "n, photographs": "number N of test images, and of the photographs that they were cut from",
        "mean_rank": "the mean, over the metrics, of the rank of the system's mean; rank_low and rank_high its interval"
        "",
    },
    inputs=("scores",),
    cells=DRAWN,
    rows=rows,
    shown=shown,
)
