"""How long Snakemake takes to plan a large comparison, and to find that nothing is to be done.

`python -m tests.benchmarks.plan_time [systems sources test_sets families]` (20 4 12 1) makes a config of drawn
pictures, with so many families of test masks, in a folder of its own, plans it, puts a file in the place of each result
with the record of its job beside it, and starts Snakemake again. Printed is processor time, which other work on the
machine disturbs least; and elapsed time.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from lacuna import sidecars
from lacuna.plan import Plan

ROOT = Path(__file__).parents[2]


def config(systems: int, sources: int, test_sets: int, families: int) -> dict:
    """Narrow networks, all trained, with export, controls and scores of sets: what has most jobs."""

    def leaves(number: int, first: int) -> dict:
        return {"kind": "dead_leaves", "number": number, "count": number, "first": first}

    sets = {f"train{i}": leaves(20, 1000 * i) for i in range(sources)}
    sets |= {f"held{i}": leaves(6, 1000 * i + 100) for i in range(sources)}
    sets |= {f"test{i}": leaves(6, 10_000 + 100 * i) for i in range(test_sets)}
    networks = {
        f"system{i}": {"system": "aotgan", "settings": {"width": 8 + i, "blocks": 1, "rates": [1, 2]}}
        for i in range(systems)
    }
    return {
        "run": "large",
        "title": "A large comparison",
        "seed": 1,
        "image_size": 64,
        "image_sets": sets,
        "mask_sets": {
            "many": {"kind": "strokes", "count": 20, "bins": 2},
            **{f"few{i}": {"kind": "boxes", "count": 6, "bins": 3, "coverage": [0.05, 0.5]} for i in range(families)},
        },
        "sources": {f"source{i}": {"train": f"train{i}", "validation": f"held{i}"} for i in range(sources)},
        "train_masks": "many",
        "validation_masks": "few0",
        "test_masks": [f"few{i}" for i in range(families)],
        "test_sets": [f"test{i}" for i in range(test_sets)],
        "systems": networks,
        "training": {"iterations": 5},
        "metrics": ["psnr", "ssim"],
        "set_metrics": ["fid"],
        "studio": False,
    }


def started(folder: Path) -> tuple[dict, str]:
    """Seconds of a dry run there, and what it says."""
    words = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--dry-run", "--cores", "2"]
    before, began = os.times(), time.monotonic()
    done = subprocess.run([*words, "--configfile", "config.yaml"], cwd=folder, capture_output=True, text=True)
    elapsed, after = time.monotonic() - began, os.times()
    said = done.stdout + done.stderr
    if done.returncode:
        sys.exit(said)
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return {"processor_seconds": round(used, 2), "seconds": round(elapsed, 2)}, said


def fake(plan: Plan) -> int:
    """A file in the place of every result, and the record of its job; how many jobs there are."""
    for job in plan.jobs():
        for path in map(Path, job.files):
            if path.suffix:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            else:
                path.mkdir(parents=True, exist_ok=True)
        sidecars.write(job.first, sidecars.describe(job.record, 1.0))
    return len(plan.jobs())


def measured(
    folder: Path, systems: int, sources: int, test_sets: int, families: int, twice: bool = True, **changes
) -> dict:
    """Jobs, and what the first start took; twice: also what the second one did, with every result in its place.

    changes: keys of the config that are others.
    """
    os.chdir(folder)
    Path("config.yaml").write_text(
        yaml.safe_dump(config(systems, sources, test_sets, families) | changes, sort_keys=False)
    )
    plan = Plan.of_file("config.yaml")  # what networks need is asked once, and remembered
    first, said = started(folder)
    if not twice:
        return {"jobs": len(plan.jobs()), "first": first}
    jobs = fake(plan)
    started(folder)  # notes of Snakemake's own are made once
    second, again = started(folder)
    if "Nothing to be done" in said or "Nothing to be done" not in again:
        sys.exit(f"the two runs do not say what they should:\n{said[-2000:]}\n{again[-2000:]}")
    return {"jobs": jobs, "first": first, "second": second}


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]] or [20, 4, 12, 1]
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measured(Path(scratch), *numbers), indent=1))
