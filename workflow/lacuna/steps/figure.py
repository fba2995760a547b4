"""Draw figures of a run, as their descriptions in `reporting/figures/` say."""

from pathlib import Path

from lacuna.reporting.making import make_figures
from lacuna.reporting.run import Run


def run(task) -> None:
    folder = Path(next(iter(task.outputs.values()))[0]).parents[1]
    for path in make_figures(task.settings["made"], Run(task.settings, task.inputs), folder):
        print(f"wrote {path}")
