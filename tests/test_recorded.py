"""Snakemake and PyYAML alone plan the shipped configs: what else could say of systems and photographs is recorded."""

import json
import os
import subprocess
import sys
from copy import deepcopy
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from lacuna import recorded
from lacuna.config.reading import read_config
from lacuna.errors import LacunaError
from lacuna.plan import Plan
from lacuna.plan.recording import recording
from lacuna.plan.remembered_facts import asked_facts, deciding, remembered_facts
from tests.test_environments import project

ROOT = Path(__file__).parents[1]
CONFIGS = ("config/config.yaml", "config/all.yaml", "config/ttt_demo.yaml")

# An environment without some packages: as if they were not installed.
WITHOUT = """
import json, runpy, sys
from importlib.machinery import PathFinder

BLOCKED = set(json.loads(sys.argv.pop(1)))


class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in BLOCKED else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Without
import lacuna.data.packages

lacuna.data.packages.PathFinder = Without
"""
PLANNED = """
from lacuna.plan import Plan

found = {}
for path in sys.argv[1:]:
    found |= {str(job.first): job.digest for job in Plan.of_file(path).jobs()}
print(json.dumps(found))
"""
SNAKEMAKE = "\nrunpy.run_module('snakemake', run_name='__main__')\n"


def others() -> list[str]:
    """What modules of installed packages are called that Lacuna needs, and neither Snakemake nor PyYAML does."""
    needed = {canonicalize_name(each.split("=")[0].split(">")[0]) for each in project()["dependencies"]}
    needed -= {"snakemake", "pyyaml", "setuptools", "jinja2", "markupsafe", "networkx", "rich", "filelock"}
    needed -= {"numpy", "pandas", "scipy"}  # Snakemake needs them
    found = [name for name, of in packages_distributions().items() if needed & set(map(canonicalize_name, of))]
    assert {"torch", "cv2", "skimage", "sklearn", "matplotlib", "PIL"} <= set(found)
    return found


def without(program: str, *words: str, folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", WITHOUT + program, json.dumps(others()), *words]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=600)


@pytest.mark.slow
def test_the_record_is_what_the_code_says():
    assert recorded.FILE.read_text(encoding="utf-8") == recording(), "run `python -m lacuna.plan`"


@pytest.mark.slow
def test_without_the_packages_the_same_jobs_are_planned(tmp_path, monkeypatch):
    result = without(PLANNED, *(str(ROOT / path) for path in CONFIGS), folder=tmp_path)
    assert result.returncode == 0, result.stderr
    monkeypatch.chdir(tmp_path)
    planned = [Plan(read_config(ROOT / path), tmp_path / "cache").jobs() for path in CONFIGS]
    assert json.loads(result.stdout) == {str(job.first): job.digest for jobs in planned for job in jobs}


@pytest.mark.slow
@pytest.mark.parametrize("words", [("-n", "--quiet", "rules"), ("--lint",)])
def test_without_the_packages_snakemake_plans_and_lints(tmp_path, words):
    result = without(SNAKEMAKE, "-s", str(ROOT / "workflow/Snakefile"), "--cores", "1", *words, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_settings_that_are_not_recorded_are_one_sentence_without_the_packages(tmp_path):
    program = (
        "\nfrom pathlib import Path\nfrom lacuna.plan.remembered_facts import remembered_facts\n"
        "remembered_facts('aotgan', {'width': 12}, Path('.'))"
    )
    said = without(program, folder=tmp_path).stderr.strip().splitlines()[-1]
    assert "what system 'aotgan' needs at these settings is not recorded" in said and "takes torch" in said


def test_an_answer_of_other_code_or_settings_is_not_taken(tmp_path, monkeypatch):
    """What is asked then is the system itself."""
    right = asked_facts("telea", {})
    wrong = {"facts": {"telea": {"code": "other", "answers": {"{}": {**right, "title": "wrong"}}}}}
    monkeypatch.setattr(recorded, "_recorded", lambda: wrong)
    assert remembered_facts("telea", {}, tmp_path) == right
    wrong["facts"]["telea"]["code"] = recorded.deciding_code(deciding("telea"))
    assert remembered_facts("telea", {}, tmp_path)["title"] == "wrong"
    del wrong["facts"]["telea"]["answers"]["{}"]
    assert remembered_facts("telea", {}, tmp_path) == right


def test_a_photograph_that_is_recorded_but_installed_is_read(monkeypatch, tmp_path):
    """Another version of the package may hold another picture."""
    config = deepcopy(read_config(ROOT / CONFIGS[0]))
    before = Plan(config, tmp_path / "1").stage("place2_train").digest
    recording = json.loads(recorded.FILE.read_text())
    recording["photographs"] = dict.fromkeys(recording["photographs"], "another")
    monkeypatch.setattr(recorded, "_recorded", lambda: recording)
    assert Plan(config, tmp_path / "2").stage("place2_train").digest == before
    monkeypatch.setattr(recorded, "find_spec", lambda name: None)
    assert Plan(config, tmp_path / "3").stage("place2_train").digest != before


def test_a_package_that_is_neither_installed_nor_recorded_is_named(tmp_path):
    config = deepcopy(read_config(ROOT / CONFIGS[0]))
    config["image_sets"]["place2_train"]["images"].append("nowhere:x.png")
    with pytest.raises(LacunaError, match="'nowhere:x.png' is in a package that is not installed"):
        Plan(config, tmp_path)
