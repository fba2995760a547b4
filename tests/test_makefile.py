"""`make`: an environment that belongs to another folder is made again, and the help lists every target."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(folder: Path, *arguments: str) -> str:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone with an environment that `make install` made there, newer than all that it is made from."""
    folder = tmp_path / "a clone"
    (folder / ".venv").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv" / ".installed").write_text(f"{folder}\n")
    return folder


def test_an_environment_that_is_up_to_date_is_left_alone(clone):
    assert "venv" not in make(clone, "--dry-run", "install")


def test_an_environment_of_a_moved_or_copied_clone_is_made_again(clone, tmp_path):
    copied = shutil.copytree(clone, tmp_path / "copied")
    moved = Path(shutil.move(clone, tmp_path / "moved"))
    for folder in (copied, moved):
        assert "-m venv --clear .venv" in make(folder, "--dry-run", "install")


def test_a_new_lock_updates_the_environment(clone):
    os.utime(clone / "requirements.lock", (time.time() + 9, time.time() + 9))
    assert "-m venv --clear .venv" in make(clone, "--dry-run", "install")


def test_a_python_can_be_named(clone):
    (clone / ".venv" / ".installed").unlink()
    assert "for python in python3.13 python3.11 python3;" in make(clone, "--dry-run", "install", "PYTHON=python3.13")


def test_help_lists_every_target(clone):
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    said = dict(re.findall(r"^make (\S+)\s+(\S.*)$", make(clone, "help"), re.MULTILINE))
    assert {*said} == {*targets} and all(said.values())


@pytest.mark.slow
def test_what_is_installed_is_listed_with_its_licence(clone):
    """The commands of `make sbom`, by this Python."""
    commands = make(clone, "--dry-run", "sbom").replace(".venv/bin/python", sys.executable)
    subprocess.run(["bash", "-euc", commands], cwd=clone, check=True)
    installed = {(canonicalize_name(each.name), each.version) for each in distributions()}
    bill = json.loads((clone / "sbom" / "bom.json").read_text())
    assert bill["bomFormat"] == "CycloneDX" and bill["metadata"]["component"]["name"] == "lacuna"
    listed = {(canonicalize_name(each["name"]), each["version"]) for each in bill["components"]}
    listed.add(("lacuna", bill["metadata"]["component"]["version"]))
    assert installed <= listed
    licensed = [each for each in bill["components"] if each.get("licenses")]
    assert len(licensed) > 0.9 * len(bill["components"])
    table = (clone / "sbom" / "licences.md").read_text()
    assert re.search(r"^\| numpy +\| [\d.]+ +\| BSD", table, re.MULTILINE)
    assert str(clone) not in table + json.dumps(bill)
