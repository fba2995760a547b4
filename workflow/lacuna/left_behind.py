"""Jobs that a Snakemake which was killed left in the queue of a SLURM."""

import getpass
import shutil
import subprocess
from pathlib import Path

AT_WORK = "PENDING,RUNNING,SUSPENDED"
SECONDS = 60  # a busy controller answers late


def left_behind(folder: str | Path) -> str:
    """One sentence about the jobs in the queue that Snakemake once sent from this folder; empty where there are none.

    Its executor plugin leaves the folder and the name of the rule with a job. A machine without SLURM has none.
    """
    if not shutil.which("squeue"):
        return ""
    asked = ["squeue", "--noheader", f"--user={getpass.getuser()}", f"--states={AT_WORK}", "--format=%i|%k|%Z"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS).stdout
    except subprocess.TimeoutExpired:
        return ""
    rows = [line.split("|", 2) for line in answer.splitlines() if line.count("|") >= 2]
    here = str(Path(folder).resolve())
    numbers = [
        number for number, rule, where in rows if rule.startswith("rule_") and str(Path(where).resolve()) == here
    ]
    if not numbers:
        return ""
    what = f"jobs {', '.join(numbers)}" if len(numbers) > 1 else f"job {numbers[0]}"
    return (
        f"SLURM has {what} of an earlier Snakemake in this folder; "
        f"wait until the queue is empty, or 'scancel {' '.join(numbers)}', then run this again"
    )
