"""Every two systems of a training source, compared on the same images and masks."""

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import DRAWN, Table
from lacuna.reporting.display import Cell, DisplayTable, images_of, sentences, with_interval
from lacuna.reporting.titles import PREDICTIONS, REGIONS, titles
from lacuna.sources import SHARED


def rows(run):
    """`statistics.pairs` of the systems."""
    from lacuna.reporting.statistics import pairs

    return pairs(run.replicates)


def shown(run, _="") -> list[DisplayTable]:
    """The pairs that differ, on the whole image and in the hole; no table where nothing was compared."""
    from lacuna.reporting.statistics import BLOCKS

    pairs = run.table("statistics_pairs")
    return [pairs_table(pairs, run.settings, *block) for block in BLOCKS] if len(pairs) else []


def pairs_table(pairs, settings: dict, prediction: str, region: str) -> DisplayTable:
    """The pairs of systems that differ in a metric after Holm's correction, from a non-empty `statistics.pairs`."""
    from lacuna.reporting.statistics import A_BETTER, B_BETTER, FEWEST

    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    chosen = pairs[(pairs["prediction"] == prediction) & (pairs["region"] == region)]
    differs = chosen["verdict"].isin({A_BETTER, B_BETTER})
    metrics = [name for name in settings["metrics"] if name in set(chosen["metric"])]
    of = {(row.source, row.system_a, row.system_b, row.metric): row for row in chosen.itertuples()}
    groups = []
    for source in [*sources, *sorted(SHARED)]:
        some = chosen[differs & (chosen["source"] == source)]
        if some.empty:
            continue
        lines = []
        for a, b in dict.fromkeys(zip(some["system_a"], some["system_b"], strict=True)):
            found = [of.get((source, a, b, name)) for name in metrics]
            cells = tuple(
                _difference(row, name, {A_BETTER, B_BETTER}) for row, name in zip(found, metrics, strict=True)
            )
            lines.append((f"{systems[a]} – {systems[b]}", cells))
        groups.append((sources.get(source, "no source"), tuple(lines)))
    untested = int((chosen["photographs"] < FEWEST).sum())
    n = images_of(chosen, "test images")
    return DisplayTable(
        title=f"Pairs of systems that differ: {prediction}, {REGIONS[region]}",
        caption=sentences(
            f"{int(differs.sum())} of {len(chosen) - untested} comparisons differ (bold; none where the interval of "
            "the mean difference holds 0 or lies on the other side).",
            TABLE.text(n=f"{n}, of {PREDICTIONS[prediction]}, {REGIONS[region]}"),
            "Each cell: mean of first − second with its interval, and the win rate of the first. Pairs that differ in "
            "no metric are left out: no difference shown is not the same as equal.",
            f"Too few photographs (below {FEWEST}) to test: {untested}." * (untested > 0),
            _unreachable(chosen, FEWEST),
        ),
        head=("Trained on", "First – second", *(metric_by_name(name).label for name in metrics)),
        groups=tuple(groups),
    )


def _unreachable(chosen, fewest: int) -> str:
    """A sentence, where even systems that differ on every photograph would not pass so many comparisons."""
    from lacuna.reporting.bootstrap import LEVEL

    tested = chosen[chosen["photographs"] >= fewest]
    if tested.empty:
        return ""
    number, photographs = int(tested.groupby("source").size().min()), int(tested["photographs"].max())
    least = number * 2.0 ** (1 - photographs)
    if least < 1 - LEVEL:
        return ""
    return (
        f"With {photographs} photographs no p of {number} comparisons can fall below {min(1, least):.2f}, so none can "
        "be shown to differ here; that says nothing about the systems."
    )


def _difference(row, metric_name: str, verdicts: set[str]) -> Cell:
    if row is None:
        return Cell("–")
    number = f"+.{metric_by_name(metric_name).decimals}f"
    text = f"{with_interval(row.mean_difference, row.low, row.high, number)}, {row.win_rate_a:.0%}"
    return Cell(text, row.verdict in verdicts)


TABLE = Table(
    title="pairs of systems, tested",
    section="uncertainty",
    place=10,
    caption="Every two systems of a training source on the same images and masks, {n}. Wilcoxon signed-rank "
    "test on the photographs' means, p < 0.05 after Holm's correction over all pairs and metrics of a training source. "
    "Intervals are 95 % ones (bootstrap over photographs); the win rate is the share of images on which the first is "
    "better, ties counted half. Fewer than 6 photographs are not tested.",
    columns={
        "prediction, region": "composites, on the whole image and in the hole only",
        "n, photographs": "number N of images, and of the photographs that they were cut from",
        "mean_difference": "a − b over the n images, with the interval low to high",
        "win_rate_a": "the win rate of a",
        "p_value, p_holm": "p of the test, and after Holm's correction over the pairs and metrics of a source, "
        "prediction and region",
        "verdict": "which is better, or why nothing is said; fewer than 6 photographs are not tested",
    },
    inputs=("scores",),
    cells=DRAWN,
    rows=rows,
    shown=shown,
    unfolded=0,
    nothing="There is one system only, so nothing was compared.",
)
