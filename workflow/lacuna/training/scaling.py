"""A picture of how the speed of training grows with the batch, at several sizes: `lacuna bench train --plot`."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

_MARKS = "osD^v<>"


def draw(path: Path, runs: Sequence[dict]) -> None:
    """`runs` of `benchmark.scaling`: a colour a size, the engine drawn through and the plain loop dashed.

    Pictures a second of elapsed time on a GPU; on the CPU of the processor's time, which other work disturbs less.
    """
    on_gpu = runs[0]["device"] == "cuda"
    rates = "images_per_second" if on_gpu else "images_per_cpu_second"
    figure = Figure(figsize=(5.5, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, size in enumerate(dict.fromkeys(run["size"] for run in runs)):
        some = sorted((run for run in runs if run["size"] == size), key=lambda run: run["batch_size"])
        batches = [run["batch_size"] for run in some]
        mark = _MARKS[number % len(_MARKS)]
        for way, line in (("engine", "-"), ("plain", "--")):
            label = f"{size}×{size}, {way}"
            speeds = [run[rates][way] for run in some]
            axes.plot(batches, speeds, linestyle=line, label=label, color=f"C{number}", marker=mark)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="pictures a step",
        ylabel="pictures a second" + ("" if on_gpu else " of the processor"),
        title=f"Training {runs[0]['system']}, {runs[0]['precision']}",
    )
    axes.set_xticks(sorted({run["batch_size"] for run in runs}))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_formatter(NullFormatter())
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend(fontsize="small", ncols=2)
    figure.savefig(path, dpi=120)
