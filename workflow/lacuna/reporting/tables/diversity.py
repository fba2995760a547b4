"""How far samples lie apart, beside how good they are."""

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import DRAWN, Table
from lacuna.reporting.display import Cell, DisplayTable, images_of, with_interval
from lacuna.reporting.titles import UNTRAINED_NOTE, label_of, titles


def rows(run):
    """`diversity.beside_quality` of the selected cell."""
    from lacuna.reporting.diversity import beside_quality

    return beside_quality(run.selected(run.diversity), run.replicates)


def shown(run, _="") -> list[DisplayTable]:
    """One table, one line a system and source; none where no image has samples that lie apart."""
    table = run.table("diversity")
    if table.empty:
        return []
    sources = titles(run.settings["sources"])
    metrics = [name for name in run.metrics if name in set(table["metric"])]
    lines = []
    for (system, source), mine in table.groupby(["system", "source"], sort=False):
        first, of = mine.iloc[0], {row.metric: row for row in mine.itertuples()}
        apart = with_interval(first.diversity, first.diversity_low, first.diversity_high, ".4f")
        quality = [_quality(of.get(name), name) for name in metrics]
        lines.append(
            (label_of(run.systems[system], source, sources), (Cell(apart), *quality, Cell(str(first.samples))))
        )
    n = images_of(table)
    return [
        DisplayTable(
            title="Diversity beside quality: composite, hole only",
            caption=TABLE.text(n=n),
            head=("", "System", "Diversity", *(metric_by_name(name).label for name in metrics), "Samples"),
            groups=(("", tuple(lines)),),
        )
    ]


def _quality(row, metric: str) -> Cell:
    number = f".{metric_by_name(metric).decimals}f"
    return Cell("–" if row is None else with_interval(row.mean, row.low, row.high, number))


TABLE = Table(
    title="diversity beside quality",
    section="sampling",
    place=10,
    caption="Diversity: mean LPIPS between every two samples of an image, in the hole; 0 where all are the same. It is "
    "neither good nor bad by itself: noise is diverse, too. Beside it means over samples of composites, hole only, on "
    "the same {n}, with 95 % intervals. " + UNTRAINED_NOTE,
    columns={
        "diversity, diversity_low, diversity_high": "mean pairwise LPIPS of the samples in the hole, and its interval",
        "mean, low, high": "mean of the metric over samples and images, and its interval",
        "n, photographs, samples": "number N of images, of the photographs they were cut from, and of samples",
    },
    inputs=("scores", "diversity"),
    cells=DRAWN,
    applies=lambda plan: plan.samples > 1 and bool(plan.drawing()),
    rows=rows,
    shown=shown,
    nothing="No system has several samples of an image.",
)
