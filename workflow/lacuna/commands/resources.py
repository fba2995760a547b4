"""Show what the jobs of a config ask of a machine: cores, GPUs, memory, time and disk, for whoever runs a cluster."""

import json
from pathlib import Path

from lacuna.arguments import add_config

EXAMPLE = "resources --configfile config/mine.yaml"
COLUMNS = ("step", "jobs", "threads", "gpu", "mem_mb", "runtime", "disk_mb", "measured mem_mb", "measured runtime")
NOTE = (
    "Largest of all jobs of a step: memory and disk in megabytes, time in minutes on one core or GPU; disk is of one "
    "job. Measured: the largest in the benchmark files of this run, where it has some."
)


def add_arguments(parser) -> None:
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="JSON list with every job, instead of a table")


def run(args) -> None:
    from lacuna.plan import Plan

    plan = Plan.of_file(args.configfile, args.results)
    jobs = [(job, plan.resources_of(job)) for job in plan.jobs()]
    if args.json:
        rows = [{"step": job.stage, **job.key, "result": job.first, **vars(asked)} for job, asked in jobs]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(COLUMNS[0], caption=NOTE)
    for name in COLUMNS[1:]:
        table.add_column(name, justify="right")
    for row in rows_of(plan, jobs):
        table.add_row(*map(str, row))
    Console(width=None if Console().is_terminal else 140).print(table)


def rows_of(plan, jobs: list) -> list[tuple]:
    """One row a step, in the order of `COLUMNS`: the largest that one of its jobs asks, and the largest measured."""
    rows = []
    for stage in dict.fromkeys(job.stage for job, _ in jobs):
        asked = [each for job, each in jobs if job.stage == stage]
        largest = [max(getattr(each, name) for each in asked) for name in COLUMNS[2:7]]
        rows.append((stage, len(asked), *largest, *_measured(plan, stage)))
    return rows


def _measured(plan, stage: str) -> tuple[str, str]:
    """The largest megabytes of memory and minutes that Snakemake noted of a step's jobs; empty without notes."""
    notes = [
        json.loads(line)
        for path in Path(plan.placed(plan.benchmark(stage))).parent.glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    if not notes:
        return "", ""
    memory = max(float(note["max_rss"]) for note in notes) * 2**20 / 10**6
    return f"{memory:.0f}", f"{max(float(note['s']) for note in notes) / 60:.1f}"
