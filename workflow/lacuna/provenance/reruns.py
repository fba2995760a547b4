"""Snakemake's memory of what made a file, brought into line with what lies beside the file.

Snakemake compares a rule's parameter `digest` with the one that it noted in `.snakemake/metadata`. Where that note is
missing (a deleted `.snakemake`, results from elsewhere) it takes any file for a good one; where it is one of other
files (results copied over) it is wrong. The sidecar of a result knows better, so at every start the note is made to say
the same: then Snakemake itself makes stale results again, and says so in a dry run too. It also compares times, which
no option turns off; a file that holds what it held gets the time back at which it was made.
"""

import os
from pathlib import Path

from lacuna import sidecars
from lacuna.plan import Plan
from lacuna.plan.making import filled

UNKNOWN = "unknown"


def align(plan: Plan) -> str:
    """Correct Snakemake's notes; one sentence where stale results would have been taken for good ones, else nothing."""
    from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
    from snakemake.persistence.file import FilePersistence

    notes = FilePersistence(nolock=True)
    again = []
    for job in plan.jobs():
        if not Path(job.first).exists():
            continue
        head = sidecars.head(job.first)
        made_by = head.digest
        sidecars.restore_times(job.first, head.times)
        _follow(Path(plan.placed(filled(plan.benchmark(job.stage), job.key))), head.times)
        noted = [notes._read_record(str(path)) for path in job.files]
        if not made_by:
            if job.outcome or all(noted):
                continue  # verified wherever it is used; or Snakemake knows
            made_by = UNKNOWN
        wanted = [repr(made_by)]
        if all(note and note.params == wanted for note in noted):
            continue
        if made_by != job.digest:
            again.append(str(job.first))
        for path, note in zip(job.files, noted, strict=True):
            record = note or MetadataRecord(rule=job.stage, incomplete=False)
            record.params, record.record_format_version = wanted, RECORD_FORMAT_VERSION
            notes._write_record(str(path), record)
    if not again:
        return ""
    count = f"{len(again)} results were" if len(again) > 1 else "1 result was"
    return f"{count} made from something else ({again[0]} first), to be made again; 'lacuna check' says from what"


def _follow(benchmark: Path, times: dict[str, int]) -> None:
    """Snakemake counts a job's benchmark among its outputs: it may not be older than they are."""
    last = max(times.values(), default=0)
    if benchmark.is_file() and benchmark.stat().st_mtime_ns < last:
        os.utime(benchmark, ns=(last, last))
