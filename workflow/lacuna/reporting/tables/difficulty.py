"""When does a method fail? Slopes of its error by what may make a hole hard to fill."""

from lacuna.metrics.factors import FACTORS
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, images_of, is_missing, sentences, with_interval
from lacuna.reporting.titles import titles
from lacuna.sources import ELSEWHERE, UNTRAINED


def rows(run):
    """`difficulty.regression` by the first metric."""
    from lacuna.reporting.difficulty import regression

    return regression(run.scores, run.holes, run.metrics[0])


def shown(run, _="") -> list[DisplayTable]:
    """Slopes beside each other, then each factor alone; none where no image has all factors."""
    table = run.table("difficulty")
    if table.empty:
        return []
    known = not table["slope"].isna().all()
    found = [_table(run, table, "")] if known else []
    return [*found, _table(run, table, "_alone")]


def _table(run, table, suffix: str) -> DisplayTable:
    sources = titles(run.settings["sources"]) | {UNTRAINED: "– (needs no training)", ELSEWHERE: "elsewhere"}
    metric = metric_by_name(table["metric"].iloc[0])
    factors = [name for name in FACTORS if name in set(table["factor"])]
    groups = []
    for (system, source), mine in table.groupby(["system", "source"], sort=False):
        of = {row["factor"]: row for row in mine.to_dict("records")}
        cells = [_cell(of[name], suffix, f"+.{metric.decimals}f") for name in factors]
        if not suffix:
            cells.append(Cell(f"{mine['explained'].iloc[0]:.0%}"))
        groups.append((run.systems[system], ((sources[source], tuple(cells)),)))
    unit = f" ({metric.unit})" if metric.unit else ""
    n = images_of(table)
    held = "each factor by itself" if suffix else "with the other factors held"
    meanings = "; ".join(f"{FACTORS[name].title}: {FACTORS[name].meaning}" for name in factors)
    return DisplayTable(
        title=f"When does a method fail: {held}",
        caption=sentences(
            f"Error by {metric.title}{unit}, {held}.", TABLE.text(n=n, metric=metric.title), f"{meanings}."
        ),
        head=(
            "System",
            "Trained on",
            *(FACTORS[name].title for name in factors),
            *(["Explained"] if not suffix else []),
        ),
        groups=tuple(groups),
    )


def _cell(row: dict, suffix: str, number: str) -> Cell:
    slope, low, high = (row[f"{name}{suffix}"] for name in ("slope", "low", "high"))
    if is_missing(slope):
        return Cell("–")
    return Cell(with_interval(slope, low, high, number), bool(low > 0 or high < 0))


TABLE = Table(
    title="when does a method fail",
    section="failures",
    place=60,
    caption="How much larger a system's error in composites, hole only, is where a factor is larger by one standard "
    "deviation ({n}; {metric}, turned so that more is worse); 95 % intervals by bootstrap over photographs, bold where "
    "they do not hold 0. Coverage and the largest circle go together, so that beside each other they share what either "
    "says alone. Two rows are old hypotheses: that a hole is completed better where contrast around it is high (a "
    "negative slope of Contrast), and that partial convolutions fail in holes so wide that windows see no known pixel "
    "(a positive slope of Largest circle, beyond that of Coverage).",
    columns={
        "factor": "; ".join(f"{name}: {factor.meaning}" for name, factor in FACTORS.items()),
        "slope, low, high": "change of the error by one standard deviation of the factor, the others held",
        "slope_alone, low_alone, high_alone": "the same of the factor by itself",
        "explained": "share of the variance of the error that all factors together explain",
        "n, photographs": "number of images, and of the photographs that they were cut from",
    },
    inputs=("scores", "holes"),
    rows=rows,
    shown=shown,
    nothing="No image has a hole with known pixels around it, so that nothing can be said of what makes holes hard.",
)
