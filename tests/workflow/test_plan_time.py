"""How long a large comparison takes to plan: Snakemake's start and its graph, in processor time of that process."""

import os
import resource
import subprocess
import sys
import time
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from lacuna import sidecars
from lacuna.config.reading import read_config
from lacuna.plan import Plan
from tests.workflow.conftest import ROOT

DEFAULT = read_config(ROOT / "config" / "config.yaml")
SYSTEMS, SOURCES, TEST_SETS = 20, 4, 12
FIRST = {1: 10.0, 3: 15.0}  # mask families → the most seconds
SECOND = 15.0

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def large(families: int) -> dict:
    """20 trained systems, 4 sources, 12 test sets, and so many families of test masks."""
    config = deepcopy(DEFAULT)
    trained = ("madf", "aotgan", "tfill")
    names = {f"{trained[n % 3]}_{n}": trained[n % 3] for n in range(SYSTEMS)}
    sets = {f"test_{n}": DEFAULT["image_sets"]["paris_test"] for n in range(TEST_SETS)}
    sets |= {
        f"{role}_{n}": DEFAULT["image_sets"][f"place2_{role}"] for n in range(SOURCES) for role in ("train", "val")
    }
    masks = {f"family_{n}": DEFAULT["mask_sets"]["test_mask"] for n in range(families)}
    config |= {
        "run": "large",
        "systems": {label: {**DEFAULT["systems"][name], "system": name} for label, name in names.items()},
        "image_sets": sets,
        "test_sets": [f"test_{n}" for n in range(TEST_SETS)],
        "sources": {f"source_{n}": {"train": f"train_{n}", "validation": f"val_{n}"} for n in range(SOURCES)},
        "mask_sets": {**DEFAULT["mask_sets"], **masks},
        "test_masks": list(masks),
    }
    return config


def dry_run(folder, *arguments: str) -> tuple[str, float]:
    """What Snakemake says, and the processor time that it takes."""
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--configfile", "large.yaml"]
    command += ["--workflow-profile", str(ROOT / "profiles" / "default"), "--dry-run", *arguments]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pretend(plan: Plan) -> None:
    """An empty file for every output, and a record of its job beside the first, each after what it is made from."""
    begun = time.time() - 24 * 3600
    for number, job in enumerate(plan.jobs()):
        for path in map(Path, job.files):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, (begun + number, begun + number))
        sidecars.write(job.first, sidecars.describe(job.record, 1.0))


@pytest.mark.parametrize("families", FIRST)
def test_a_large_comparison_is_planned_in_time(families, tmp_path):
    (tmp_path / "large.yaml").write_text(yaml.safe_dump(large(families), sort_keys=False))
    said, seconds = dry_run(tmp_path, "--quiet")
    print(f"{families} families of masks: {seconds:.1f} s")
    assert seconds < FIRST[families], said


def test_a_large_comparison_that_is_there_is_known_to_be_in_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = large(1)
    (tmp_path / "large.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    pretend(Plan(config))
    dry_run(tmp_path)  # Snakemake takes notes of what is there
    said, seconds = dry_run(tmp_path)
    print(f"nothing to do: {seconds:.1f} s")
    assert "Nothing to be done" in said, said
    assert seconds < SECOND
