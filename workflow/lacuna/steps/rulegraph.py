"""Draw the rules of the workflow, as Snakemake knows them."""

import subprocess
import sys

from lacuna.errors import LacunaError
from lacuna.places import SNAKEFILE
from lacuna.reporting.rulegraph import draw, parse_dot


def run(task) -> None:
    asked = ["--workflow-profile", "none", "--nolock", "--forceall", "--rulegraph", "dot"]
    config = ["--snakefile", str(SNAKEFILE), "--configfile", str(task.file("config")), "--", "report"]
    command = [sys.executable, "-m", "snakemake", *asked, *config]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise LacunaError(f"Snakemake cannot draw the rules ({said[-1].strip()}); run '{' '.join(command)}' to see why")
    graph = parse_dot(done.stdout, "what Snakemake drew")
    draw(graph, task.out("figure"))
    print(f"drew {len(graph)} rules into {task.out('figure')}")
