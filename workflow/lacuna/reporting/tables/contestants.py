"""What each contestant from outside is, what its trial found, and what it took."""

from pathlib import Path

from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, is_missing, number
from lacuna.reporting.titles import titles

COLUMNS = ["system", "title", "test_set", "kind", "returns", "startup_seconds", "seconds_per_picture"]
COLUMNS += ["peak_memory_mb", "n", "device", "notes"]


def rows(run):
    """One row a contestant and test set, columns `COLUMNS`."""
    import pandas as pd

    from lacuna.files import read_json

    found = []
    for path in run.files("outside_records"):
        record = read_json(path)
        outside = record["outside"]
        memory = outside["peak_memory"]
        facts = {"system": Path(path).parts[-4], "test_set": Path(path).parts[-2], "kind": outside["kind"]}
        facts |= {"title": run.systems[facts["system"]], "returns": outside["returns"], "n": record["n"]}
        facts |= {"startup_seconds": outside["startup"], "seconds_per_picture": record["seconds"] / record["n"]}
        facts |= {"peak_memory_mb": None if memory is None else memory / 2**20, "device": record["device"]}
        found.append(facts | {"notes": "; ".join(outside["notes"])})
    return pd.DataFrame(found, columns=COLUMNS)


def shown(run, _="") -> list[DisplayTable]:
    """The rows, in the order of the config."""
    table = run.table("contestants").set_index("system")
    groups = []
    for system, title in titles(run.settings["systems"]).items():
        if system not in table.index:
            continue
        lines = []
        for row in table.loc[[system]].itertuples():
            start = "–" if is_missing(row.startup_seconds) else number(row.startup_seconds)
            memory = "–" if is_missing(row.peak_memory_mb) else f"{row.peak_memory_mb:.0f}"
            cells = (row.kind, row.returns, start, number(row.seconds_per_picture), memory, str(row.n), row.notes)
            lines.append((run.test_sets[row.test_set], tuple(map(Cell, cells))))
        groups.append((title, tuple(lines)))
    head = ("Contestant", "Data set", "Kind", "Returns", "Start (s)", "A picture (s)", "Peak (MiB)", "N", "Found")
    return [DisplayTable(title="Contestants from outside", caption=TABLE.text(), head=head, groups=tuple(groups))]


TABLE = Table(
    title="contestants from outside",
    section="complexity",
    category="Cost",
    place=60,
    caption="Somebody's programs and networks, of which nothing is known but what their entry in the config and a "
    "trial say (docs/contestants.md): whether known pixels come back altered (raw) or as they were (composite, so that "
    "its raw scores are those of composites), and what else was found. N pictures; seconds of the run's own pictures, "
    "beside other jobs of the workflow; the start apart where it can be told; the peak is of all its processes.",
    columns={
        "startup_seconds": "before the first picture; missing where it cannot be told",
        "peak_memory_mb": "in MiB",
    },
    inputs=("costs",),
    applies=lambda plan: bool(plan.outside()),
    rows=rows,
    shown=shown,
    formats=("csv", "html"),
)
