"""Derive tables of a run, as their descriptions in `reporting/tables/` say."""

from pathlib import Path

from lacuna.reporting.making import make_tables
from lacuna.reporting.run import Run


def run(task) -> None:
    folder = Path(next(iter(task.outputs.values()))[0]).parents[1]
    for path in make_tables(task.settings["made"], Run(task.settings, task.inputs), folder):
        print(f"wrote {path}")
