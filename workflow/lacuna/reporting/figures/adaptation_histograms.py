"""How the improvement is distributed over pictures: figure 4.15 of the thesis."""

from lacuna.reporting.adaptation.display import (
    COMPOSITES,
    CONFIG,
    chosen_words,
    is_adapting,
    job_title,
    jobs_in_order,
    metric_of,
    rows_of_job,
)
from lacuna.reporting.adaptation.experiments import reported, settled
from lacuna.reporting.descriptions import Figure

REGION = "image"


def draw(run, path, _="") -> None:
    """A row a network and test set, a column a metric."""
    draw_histograms(path, run.adaptation_rows, run.adaptation, run.settings)


def draw_histograms(path, rows, table, settings: dict) -> None:
    """Write the figure as PNG. rows: of `rows.read_rows`; table: of `improvement.improvements`."""
    import textwrap

    from lacuna.reporting.adaptation.pictures import per_picture
    from lacuna.reporting.style import PALETTE, written_to

    chosen = settled(table, settings, metric_of(settings["metrics"][0]))
    here = reported(rows, settings)
    taken = [chosen[key][0] for key in zip(here["system"], here["source"], strict=True)]
    here, metrics = here[here["experiment"] == taken], settings["metrics"]
    jobs = jobs_in_order(here, settings)
    size = (3.4 * len(metrics) + 0.3, 2.6 * len(jobs) + 0.3)
    shape = {"nrows": len(jobs), "ncols": len(metrics), "figsize": size, "squeeze": False, "layout": "constrained"}
    with written_to(path, **shape) as (_, axes):
        for column, name in enumerate(metrics):
            every = per_picture(here, name, REGION)
            for row, key in zip(axes, jobs, strict=True):
                axis = row[column]
                mine = rows_of_job(every, key)
                gained = mine["improvement_percent"].to_numpy()
                axis.set_title(f"{metric_of(name).title}, N = {len(gained)}", fontsize=9.5)
                if len(gained):
                    _draw(axis, gained, PALETTE[0], PALETTE[1])
                axis.set_xlabel("improvement in %", fontsize=8.5)
        for row, key in zip(axes, jobs, strict=True):
            row[0].set_ylabel(textwrap.fill(job_title(key, settings), 30) + "\nnumber of pictures", fontsize=8)


def _draw(axis, gained, colour: str, clipped: str) -> None:
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    from lacuna.reporting.adaptation.pictures import histogram

    edges, counts, below, above = histogram(gained)
    width = edges[1] - edges[0]
    axis.bar(edges[:-1], counts, width=width, align="edge", color=colour, edgecolor="white", linewidth=0.4)
    for number, place, bottom in ((below, edges[0], counts[0]), (above, edges[-2], counts[-1])):
        axis.bar(place, number, width, bottom, align="edge", color="white", edgecolor=clipped, hatch="////", lw=0.8)
    axis.axvline(0, color="#444444", linewidth=0.9)
    axis.axvline(float(np.median(gained)), color=clipped, linewidth=1.3, linestyle="--")
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_ylim(0, 1.25 * max(1, counts[0] + below, counts[-1] + above, *counts))  # room for the words
    for x, side, text in (
        (0.02, "left", f"{below} below {edges[0]:g} %"),
        (0.98, "right", f"{above} above {edges[-1]:g} %"),
    ):
        axis.text(x, 0.98, text, transform=axis.transAxes, ha=side, va="top", fontsize=7.5, color=clipped)


def facts(run, _="") -> dict[str, str]:
    """N, and how the experiment was settled on."""
    from lacuna.reporting.display import numbers_of

    table = run.table("adaptation")
    chosen = settled(table, run.settings, metric_of(run.metrics[0]))
    return {"n": f"N = {numbers_of(reported(table, run.settings)['n'])}", "chosen": chosen_words(chosen)}


FIGURE = Figure(
    title="improvement of each picture",
    section="adaptation",
    place=60,
    caption="How the improvement after the last step is distributed over {n} pictures ({chosen}; after figure 4.15 of "
    f"the thesis): {COMPOSITES}, whole image, each picture's own improvement in percent. Dashed: the median. Hatched: "
    "what lies beyond the limits, within which nine in ten pictures lie, stacked on the outermost bins and counted.",
    alt="Histograms of the improvement of each picture, by metric.",
    inputs=("adaptation_features", "adaptation_rows"),
    config=CONFIG,
    applies=is_adapting,
    draw=draw,
    facts=facts,
    words=lambda value: {"chosen": "the experiment settled on"},
)
