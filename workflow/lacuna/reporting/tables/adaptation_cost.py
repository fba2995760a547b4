"""Time and memory of adapting to a picture."""

from collections.abc import Sequence
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.reporting.adaptation.display import CONFIG, is_adapting, job_title, jobs_in_order, rows_of_job
from lacuna.reporting.adaptation.experiments import in_order, title_of
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, is_missing, number, numbers_of, sentences

RECORDED = ["steps", "n", "seconds_mean", "seconds_median", "peak_memory_bytes", "device"]


def costs(paths: Sequence[str | Path]):
    """A row a job, sorted: what is `RECORDED` in `…/<experiment>/<system>/<source>/<test_set>/record.json`.

    n: pictures that were adapted to; passed_over: how many were not, and passed_over_images: their files' names.
    """
    import pandas as pd

    from lacuna.reporting.adaptation.rows import JOB

    found, columns = [], [*JOB, *RECORDED, "passed_over", "passed_over_images"]
    for path in paths:
        record, key = read_json(path), Path(path).absolute().parts[-5:-1]
        missing = [name for name in (*RECORDED, "passed_over") if name not in record]
        if missing:
            raise LacunaError(f"{path} does not say '{missing[0]}'; run the rule 'adapt' again")
        names = list(record["passed_over"])
        of_others = {"passed_over": len(names), "passed_over_images": " ".join(names)}
        found.append(dict(zip(JOB, key, strict=True)) | {name: record[name] for name in RECORDED} | of_others)
    return pd.DataFrame(found, columns=columns).sort_values(JOB, ignore_index=True)


def shown(run, _="") -> list[DisplayTable]:
    """One table."""
    return [cost_table(run.table("adaptation_cost"), run.settings)]


def cost_table(table, settings: dict) -> DisplayTable:
    """A line an experiment, from `costs`."""
    groups = []
    for key in jobs_in_order(table, settings):
        mine = rows_of_job(table, key)
        lines = []
        for experiment in in_order(mine["experiment"], settings):
            row = next(mine[mine["experiment"] == experiment].itertuples())
            memory = "–" if is_missing(row.peak_memory_bytes) else f"{row.peak_memory_bytes / 2**20:.0f}"
            texts = (str(row.steps), number(row.seconds_mean), number(row.seconds_median), memory, row.device)
            lines.append((title_of(experiment), tuple(map(Cell, texts))))
        groups.append((f"{job_title(key, settings)} ({numbers_of(mine['n'])})", tuple(lines)))
    return DisplayTable(
        title="Time and memory of adapting to a picture",
        caption=sentences(
            TABLE.text(n=f"N in brackets, {numbers_of(table['n'])}"),
            "Measured while the run went on, beside whatever else the machine did. For orientation: the thesis needed "
            "about 100 s for 150 steps at 256×256 on an RTX 2080 Ti, evaluations included.",
        ),
        head=("System → test set (N)", "Experiment", "Steps", "Mean s", "Median s", "Peak memory (MiB)", "Device"),
        groups=tuple(groups),
    )


TABLE = Table(
    title="cost of adapting to a picture",
    section="adaptation",
    place=90,
    caption="Seconds for one picture, mean and median over {n} pictures, with all evaluations, and the largest memory.",
    columns={
        "steps": "steps of training on each picture",
        "seconds_mean, seconds_median": "for one picture, evaluations included",
        "peak_memory_bytes": "the largest of the process; empty where it was not measured",
        "n, passed_over, passed_over_images": "pictures adapted to, pictures without room for the masks or with too "
        "little that is known, and the files' names of these",
    },
    inputs=("adaptation_records",),
    config=CONFIG,
    applies=is_adapting,
    rows=lambda run: costs(run.files("adaptation_records")),
    shown=shown,
    unfolded=0,
    demonstration="",
)
