"""The critical-difference diagram: mean ranks on a line, joined where the paired tests do not tell systems apart.

What is joined does not follow from the mean ranks: whether two of them are far apart by Nemenyi's test depends on where
other systems rank (Benavoli, Corani and Mangili, JMLR 2016). The verdicts are those of `statistics.pairs`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import DRAWN, Figure
from lacuna.reporting.titles import REGIONS, UNTRAINED_MARK, UNTRAINED_NOTE, check_known, titles
from lacuna.sources import SHARED, UNTRAINED


def cliques(order: Sequence[str], differ: Iterable[tuple[str, str]]) -> list[tuple[int, ...]]:
    """Positions in `order` of every largest group of two or more systems that holds no pair of `differ`, sorted.

    A group need not be a run: the first and third may be too close to tell apart while the second differs from one.
    """
    import networkx as nx

    close = nx.complete_graph(order)
    close.remove_edges_from(differ)
    return sorted(tuple(sorted(map(order.index, group))) for group in nx.find_cliques(close) if len(group) > 1)


def lanes_of(runs: Sequence[tuple[int, int]]) -> list[int]:
    """For each run, the first of the lanes 0, 1, … on which it overlaps with no run before it."""
    ends: list[int] = []
    found = []
    for start, end in runs:
        lane = next((number for number, last in enumerate(ends) if last < start), len(ends))
        ends[lane : lane + 1] = [end]
        found.append(lane)
    return found


def draw_ranks(settings: dict, scores, output: str | Path) -> None:
    """Write the diagrams as PNG: one row a metric, one column a source; composites on the whole image.

    `scores`: see `aggregation.with_photographs`.
    `settings`: titles and `metrics`. One system alone has nothing to be ranked against, and its panel says so.
    """
    from lacuna.reporting.statistics import A_BETTER, B_BETTER, pairs, ranks
    from lacuna.reporting.style import looks, written_to

    systems, sources = titles(settings["systems"]), titles(settings["sources"]) or {UNTRAINED: "no source"}
    check_known(scores["system"], systems, "system")
    scores = scores[(scores["prediction"] == "composite") & (scores["region"] == "image")]
    if scores.empty:
        raise LacunaError("the scores hold no composites on the whole image to rank; run the rule 'score' again")
    table, compared = ranks(scores), pairs(scores)
    differ = compared[compared["verdict"].isin({A_BETTER, B_BETTER})]
    marked = set(scores.loc[scores["source"].isin(SHARED), "system"])
    names = {name: f"{title} {UNTRAINED_MARK if name in marked else ''}".strip() for name, title in systems.items()}
    look = looks(names)
    metrics, most = settings["metrics"], max([2, *table.groupby(["source", "metric"]).size()])
    shape = {"nrows": len(metrics), "ncols": len(sources), "squeeze": False, "layout": "constrained"}
    width = 2.4 + 0.075 * max(map(len, names.values()))
    shape["figsize"] = (width * len(sources), len(metrics) * (1.5 + 0.24 * most))
    with written_to(output, **shape) as (figure, axes):
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
        for axis_row, metric in zip(axes, metrics, strict=True):
            for axis, (source, title) in zip(axis_row, sources.items(), strict=True):
                mine, apart = (
                    rows[(rows["source"] == source) & (rows["metric"] == metric)] for rows in (table, differ)
                )
                axis.set_title(f"{title}: {metric_by_name(metric).title}\ncomposite, {REGIONS['image']}", fontsize=9)
                mine = mine.sort_values(["mean_rank", "system"])
                joined = cliques([*mine["system"]], zip(apart["system_a"], apart["system_b"], strict=True))
                _draw(axis, mine, joined, names, look)


def _draw(axis, mine, joined: list[tuple[int, ...]], names: dict[str, str], look: dict) -> None:
    """One panel: systems from best to worst downwards, with the interval of each mean rank, and bars that join them."""
    axis.grid(False)
    axis.spines["left"].set_visible(False)
    if mine.empty:
        axis.set(xticks=[], yticks=[])
        axis.text(0.5, 0.5, "fewer than two systems\nhave images in common", ha="center", va="center", fontsize=9)
        return
    count, first = len(mine), mine.iloc[0]
    for place, row in enumerate(mine.itertuples()):
        color = look[row.system]["color"]
        axis.axhline(place, color="#eeeeee", linewidth=0.6, zorder=0)
        axis.plot([row.low, row.high], [place, place], color=color, linewidth=1.6)
        axis.plot(row.mean_rank, place, color=color, marker=look[row.system]["marker"], markersize=5)
    gap, lanes = 0.05 * count, lanes_of([(group[0], group[-1]) for group in joined])
    for lane, group in zip(lanes, joined, strict=True):
        x = [count + gap * (1 + lane)] * len(group)
        axis.plot(x, group, color="#222222", linewidth=1.6, marker="o", markersize=4.5)
    axis.set_yticks(range(count), [names[system] for system in mine["system"]], fontsize=8.5)
    axis.tick_params(axis="y", length=0)
    axis.set(
        xlim=(1 - gap, count + gap * (2 + max(lanes, default=0))),
        ylim=(count - 0.5, -0.5),
        xticks=range(1, count + 1, 1 + count // 8),
    )
    photographs = f"{first.photographs} photograph{'' if first.photographs == 1 else 's'}"
    axis.set_xlabel(
        f"mean rank (1 is best)\nN = {first.n} images of {photographs}\n"
        f"Friedman {_verdict(first.photographs, first.friedman_p)}",
        fontsize=8.5,
    )


def _verdict(photographs: int, p_value: float) -> str:
    from lacuna.reporting.bootstrap import LEVEL
    from lacuna.reporting.statistics import FEWEST, NOT_TESTED

    if photographs < FEWEST:
        return NOT_TESTED
    text = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
    return text if p_value < 1 - LEVEL else f"{text}: no difference shown"


def draw(run, path, _="") -> None:
    """The figure of the run; see `draw_ranks`."""
    draw_ranks(run.settings, run.replicates, path)


FIGURE = Figure(
    title="mean ranks",
    section="uncertainty",
    place=20,
    caption="Mean rank of every system over the photographs of all test sets together (1 is best; composites, whole "
    "image; ranked are the means over a photograph's images; N stands under the axes), one row of panels for each "
    "metric and one column for each training source, with 95 % intervals (bootstrap over photographs). A black bar "
    "joins the systems whose dots it has, where no two of them differ in the table of pairs (Wilcoxon, Holm). "
    + UNTRAINED_NOTE,
    alt="Mean ranks of the systems, by source and metric.",
    inputs=("scores",),
    cells=DRAWN,
    draw=draw,
)
