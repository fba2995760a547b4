"""Improvement against step: a panel a metric, a line an experiment, a row of panels a network and test set."""

from collections.abc import Sequence
from pathlib import Path

from lacuna.reporting.adaptation.display import job_title, jobs_in_order, metric_of, metrics_in, rows_of_job
from lacuna.reporting.adaptation.experiments import BASELINE, title_of

REGION = "image"  # as scores of whole sets know no other
DASHES = ("-", (0, (4, 2)), (0, (1, 1.2)))


def draw_curves(path: str | Path, table, settings: dict, experiments: Sequence[str], scores: bool = False) -> None:
    """Write the panels as PNG.

    table: of `improvement.improvements`. scores: also the mean scores, dashed, on an axis of their own at the right.
    Bands are the 95 % intervals of improvements; bars at the last step, those of scores of whole sets.
    """
    import textwrap

    from matplotlib.lines import Line2D

    from lacuna.reporting.style import written_to

    here = table[(table["region"] == REGION) & table["experiment"].isin(experiments)]
    metrics, jobs, look = metrics_in(here, settings), jobs_in_order(here, settings), _looks(experiments)
    size = (3.3 * len(metrics) + 0.3 + 0.4 * scores * len(metrics), 2.5 * len(jobs) + 0.75)
    shape = {"nrows": len(jobs), "ncols": len(metrics), "figsize": size, "squeeze": False, "layout": "constrained"}
    with written_to(path, **shape) as (figure, axes):
        for row, key in zip(axes, jobs, strict=True):
            of_job = rows_of_job(here, key)
            for axis, name in zip(row, metrics, strict=True):
                mine = of_job[of_job["metric"] == name]
                right = axis.twinx() if scores else None
                for experiment in experiments:
                    _draw(axis, right, mine[mine["experiment"] == experiment].sort_values("step"), look[experiment])
                axis.axhline(0, color="#888888", linewidth=0.8)
                title = f"{metric_of(name).title}, N = {mine['n'].max()}" if len(mine) else metric_of(name).title
                axis.set(title=title, xlabel="step")
                if right is not None:
                    right.set_ylabel(f"mean {metric_of(name).title} {metric_of(name).arrow} (dashed)", fontsize=8)
                    right.spines["right"].set_visible(True)
                    right.grid(visible=False)
            row[0].set_ylabel(textwrap.fill(job_title(key, settings), 34) + "\nimprovement in %", fontsize=8)
        keys = [Line2D([], [], label=title_of(name), **look[name]) for name in experiments]
        keys += [Line2D([], [], color="#444444", linestyle="-", label="improvement (left axis)")] * scores
        keys += [Line2D([], [], color="#444444", linestyle="--", label="mean score (right axis)")] * scores
        figure.legend(handles=keys, loc="outside lower center", ncols=min(5, len(keys)), fontsize=8.5)


def _draw(axis, right, rows, look: dict) -> None:
    if rows.empty:
        return
    axis.plot(rows["step"], rows["improvement_percent"], **look)
    between = rows[rows["ci_low"].notna()]
    if len(between) > 2:
        axis.fill_between(between["step"], between["ci_low"], between["ci_high"], color=look["color"], alpha=0.12, lw=0)
    elif len(between) and between["step"].iloc[-1] > 0:
        last = between.iloc[-1]
        axis.vlines(last["step"], last["ci_low"], last["ci_high"], color=look["color"], linewidth=1.2)
    if right is not None:
        right.plot(rows["step"], rows["mean"], color=look["color"], linestyle="--", linewidth=1.1)


def _looks(experiments: Sequence[str]) -> dict[str, dict]:
    """The baseline is black and thick; the others have colours, and beyond these dashes."""
    from lacuna.reporting.style import PALETTE

    colours, others = PALETTE[:-1], [name for name in experiments if name != BASELINE]
    look = {
        name: {
            "color": colours[i % len(colours)],
            "linestyle": DASHES[i // len(colours) % len(DASHES)],
            "linewidth": 1.6,
        }
        for i, name in enumerate(others)
    }
    return {BASELINE: {"color": PALETTE[-1], "linestyle": "-", "linewidth": 2.0}, **look}


def facts_of(table, experiments: Sequence[str]) -> dict[str, str]:
    """N and what the last steps say, for a caption; from `improvement.improvements`."""
    from lacuna.reporting.adaptation.display import IMPROVES, WORSENS, verdict
    from lacuna.reporting.display import numbers_of

    here = table[(table["region"] == REGION) & table["experiment"].isin(experiments)]
    last = here[here["step"] == here.groupby(["experiment", "system", "source", "test_set"])["step"].transform("max")]
    said = [verdict(row.ci_low, row.ci_high) for row in last.itertuples()]
    found = (
        f"After the last step {said.count(IMPROVES)} of {len(said)} improvements lie above 0 with their whole "
        f"interval, {said.count(WORSENS)} below."
    )
    if not said.count(IMPROVES):
        found += " No improvement can be told from chance here."
    return {"n": f"N = {numbers_of(here['n'])}", "found": found}
