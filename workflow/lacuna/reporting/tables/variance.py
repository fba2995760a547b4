"""Which decides: the training seed, the sample, the photograph, or the mask?"""

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.axis_words import samples, varied
from lacuna.reporting.descriptions import SELECTED, Table
from lacuna.reporting.display import Cell, DisplayTable, images_of, is_missing, sentences
from lacuna.reporting.titles import titles
from lacuna.sources import ELSEWHERE, UNTRAINED


def rows(run):
    """`variance.variances` of the selected cell, with all mask sets over its images."""
    from lacuna.reporting.replicates import selected
    from lacuna.reporting.variance import variances

    others = {name: value for name, value in run.selection.items() if name != "test_masks"}
    return variances(selected(run.cells, others), str(run.selection.get("test_masks", "")))


def shown(run, _="") -> list[DisplayTable]:
    """One table of the means and one of the differences of two systems; none of a single photograph."""
    table = run.table("variance").fillna({"compared_with": ""})
    return [
        _table(run, some, of)
        for of in ("mean", "difference")
        if len(some := table[(table["compared_with"] == "") == (of == "mean")])
    ]


def verdict(table, of: str) -> str:
    """The sentence on which factor has the largest share of the variance of most means or differences."""
    from lacuna.reporting.variance import decides

    first = decides(table)
    if first.empty:
        return ""
    counts = first["factor"].value_counts()
    leading = sorted(counts.index[counts == counts.iloc[0]])
    what = {"mean": "means (a system and a metric)", "difference": "differences (two systems and a metric)"}[of]
    if len(leading) > 1:
        names = " and ".join(leading)
        return (
            f"No source of chance decides alone: {names} each have the largest share of the variance of "
            f"{counts.iloc[0]} of {len(first)} {what}."
        )
    shares = first.loc[first["factor"] == leading[0], "share"]
    rest = ", ".join(f"{name} {number}" for name, number in counts.items() if name != leading[0])
    return (
        f"What decides most often is the {leading[0]}: it has the largest share of the variance of {counts.iloc[0]} of "
        f"{len(first)} {what}, in the median {shares.median():.0%} of it{'; the rest: ' * bool(rest)}{rest}."
    )


def unknown(table, settings: dict) -> str:
    """What the numbers of levels leave open."""
    from lacuna.reporting.variance import BOTH, TOGETHER, TRAININGS

    factors = set(table["factor"])
    said = []
    if TRAININGS not in factors:
        said.append(
            "There is one training of each system, so that what other seeds would do is unknown and not counted."
        )
    elif (least := int(table.loc[table["factor"] == TRAININGS, "levels"].min())) < 5:
        said.append(
            f"The part of the trainings is known from {least} of them, {least - 1} degree{'s' * (least > 2)} of "
            "freedom, and may be several times as large or far smaller."
        )
    if BOTH in factors:
        said.append("Every photograph has one mask, so that the two cannot be told apart.")
    if "test_masks" in varied(settings):
        said.append("Masks are told from photographs by all mask sets, each set's mean taken off.")
    if samples(settings) == 1 and TOGETHER in factors:
        said.append("Of a system that draws, its one sample is part of what a seed does to an image.")
    return sentences(*said)


def _table(run, table, of: str) -> DisplayTable:
    from lacuna.reporting.variance import FACTORS

    systems = run.systems
    sources = titles(run.settings["sources"]) | {UNTRAINED: "not trained", ELSEWHERE: "elsewhere"}
    factors = [name for name in FACTORS if name in set(table["factor"])]
    metrics = [name for name in run.metrics if name in set(table["metric"])]
    groups = []
    for name in metrics:
        number = f".{metric_by_name(name).decimals + 1}f"
        lines = []
        keys = ["source", "system", "compared_with"]
        for (source, system, other), mine in table[table["metric"] == name].groupby(keys, sort=False):
            found = mine.set_index("factor")
            label = f"{systems[system]} – {systems[other]}" if other else systems[system]
            cells = [_cell(found, factor, number) for factor in factors]
            lines.append((f"{label}, {sources[source]}", tuple(cells)))
        groups.append((metric_by_name(name).title, tuple(lines)))
    n = images_of(table)
    title = {"mean": "the mean of a system", "difference": "the difference of two systems"}[of]
    return DisplayTable(
        title=f"Where the uncertainty comes from: {title}",
        caption=sentences(verdict(table, of), unknown(table, run.settings), TABLE.text(n=n)),
        head=("Metric", "System, trained on", *factors),
        groups=tuple(groups),
    )


def _cell(found, factor: str, number: str) -> Cell:
    if factor not in found.index:
        return Cell("–")
    row = found.loc[factor]
    if is_missing(row["share"]):
        return Cell(f"{row['deviation']:{number}}")
    return Cell(f"{row['share']:.0%} ({row['deviation']:{number}})", bool(row["share"] == found["share"].max()))


TABLE = Table(
    title="where the uncertainty comes from",
    section="uncertainty",
    place=30,
    caption="Share of the variance of a mean over {n} that each source of chance brings (composites, whole image), the "
    "largest bold, and in brackets the standard deviation of one of its effects in units of the metric. Training seed: "
    "another training. Training seed × image: what it does to single images. Sample: another draw by a system that "
    "draws. Components of variance by the analysis of variance with random effects; estimates below 0 are 0. A system "
    "that is not trained here, or does not draw, has none of these parts (–).",
    columns={
        "compared_with": "the other system, for the difference of two on the same images; empty for a mean",
        "factor, levels": "the source of chance, and how many of it the mean is over",
        "deviation": "standard deviation of one effect, in units of the metric",
        "of_mean, share": "what the factor brings to the standard error of the mean, and its share of the variance",
        "n, photographs": "number N of images, and of the photographs that they were cut from",
    },
    inputs=("scores",),
    cells=SELECTED,
    applies=lambda plan: bool(plan.axes()) or plan.repeats > 1 or (plan.samples > 1 and bool(plan.drawing())),
    rows=rows,
    shown=shown,
    nothing="There is one photograph only, so that nothing is known about others.",
)
