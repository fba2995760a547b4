"""The critical-difference diagram: mean ranks on a line, joined where they are too close to be told apart."""

from collections.abc import Sequence
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import Figure
from lacuna.reporting.titles import REGIONS, UNTRAINED_MARK, UNTRAINED_NOTE, check_known, titles
from lacuna.sources import SHARED, UNTRAINED


def cliques(mean_ranks: Sequence[float], critical_difference: float) -> list[tuple[int, int]]:
    """First and last position of every longest run of the sorted ranks that lies within the critical difference."""
    found: list[tuple[int, int]] = []
    for first, best in enumerate(mean_ranks):
        last = max(i for i, rank in enumerate(mean_ranks) if rank - best < critical_difference or i == first)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


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
    from lacuna.reporting.statistics import ranks
    from lacuna.reporting.style import looks, written_to

    systems, sources = titles(settings["systems"]), titles(settings["sources"]) or {UNTRAINED: "no source"}
    check_known(scores["system"], systems, "system")
    scores = scores[(scores["prediction"] == "composite") & (scores["region"] == "image")]
    if scores.empty:
        raise LacunaError("the scores hold no composites on the whole image to rank; run the rule 'score' again")
    table = ranks(scores)
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
                mine = table[(table["source"] == source) & (table["metric"] == metric)]
                axis.set_title(f"{title}: {metric_by_name(metric).title}\ncomposite, {REGIONS['image']}", fontsize=9)
                _draw(axis, mine.sort_values(["mean_rank", "system"]), names, look)


def _draw(axis, mine, names: dict[str, str], look: dict) -> None:
    """One panel: systems from best to worst downwards, with the interval of each mean rank."""
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
    joined = cliques(list(mine["mean_rank"]), first.critical_difference)
    gap, lanes = 0.05 * count, lanes_of(joined)
    for lane, (start, end) in zip(lanes, joined, strict=True):
        x = count + gap * (1 + lane)
        axis.plot([x, x], [start - 0.2, end + 0.2], color="#222222", linewidth=3, solid_capstyle="butt")
    axis.set_yticks(range(count), [names[system] for system in mine["system"]], fontsize=8.5)
    axis.tick_params(axis="y", length=0)
    axis.set(
        xlim=(1 - gap, count + gap * (2 + max(lanes, default=0))),
        ylim=(count - 0.5, -0.5),
        xticks=range(1, count + 1, 1 + count // 8),
    )
    axis.set_xlabel(
        f"mean rank (1 is best)\nN = {first.n} images of {first.photographs} photographs\n"
        f"critical difference {first.critical_difference:.2f}\n"
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
    draw_ranks(run.settings, run.scores, path)


FIGURE = Figure(
    title="mean ranks",
    section="uncertainty",
    place=20,
    caption="Mean rank of every system over the photographs of all test sets together (1 is best; composites, whole "
    "image; ranked are the means over a photograph's images; N stands under the axes), one row of panels for each "
    "metric and one column for each training source, with 95 % intervals (bootstrap over photographs). Where "
    "Friedman's test finds a difference, systems farther apart than the critical difference (Nemenyi, α = 0.05) "
    "differ; a black bar joins those that are not. " + UNTRAINED_NOTE,
    alt="Mean ranks of the systems, by source and metric.",
    inputs=("scores",),
    draw=draw,
)
