"""GitHub's workflows: they make what the Makefile makes, on the Pythons of the lock, and a release has its notes."""

import re
import runpy
import shutil
from pathlib import Path

import pytest
import yaml

from tests.test_environments import PYTHONS

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def jobs() -> dict[str, dict]:
    return {name: job for path in WORKFLOWS for name, job in yaml.safe_load(path.read_text())["jobs"].items()}


def test_what_is_made_is_a_target_of_the_makefile():
    targets = set(re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split())
    made = {name: re.findall(r"make (\w+)", str(job["steps"])) for name, job in jobs().items()}
    assert {each for some in made.values() for each in some} <= targets
    assert {each for some in made.values() for each in some} >= {"lint", "quick", "test", "demo", "docs"}


def test_tests_run_on_every_python_of_the_lock():
    assert [jobs()[name]["strategy"]["matrix"]["python"] for name in ("quick", "test")] == [PYTHONS, PYTHONS]


def test_actions_are_pinned_to_a_major_version_and_jobs_end():
    for job in jobs().values():
        assert job["timeout-minutes"] <= 180
        for step in job["steps"]:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/checkout@v6"))


@pytest.fixture
def notes(tmp_path):
    """The function that writes release notes, in a folder with a project of version 1.2.3."""
    (tmp_path / ".github").mkdir()
    path = shutil.copy(ROOT / ".github" / "release_notes.py", tmp_path / ".github")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 1.2.3 (2027-01-02)\n\n- New.\n\n## 1.2.2\n\n- Old.\n")
    return runpy.run_path(str(path))["notes"]


def test_a_release_is_described_by_its_own_section(notes):
    assert notes("v1.2.3") == "- New."


@pytest.mark.parametrize(
    ("tag", "changes", "sentence"),
    [
        ("v1.2.4", "## 1.2.3\n", "the tag is v1.2.4, but pyproject.toml has version 1.2.3"),
        ("v1.2.3", "## 1.2.30\n", "has no section '## 1.2.3'"),
        ("v1.2.3", "## 1.2.3 (not yet released)\n", "says that 1.2.3 is not yet released"),
    ],
)
def test_a_release_that_nobody_described_is_refused(notes, tmp_path, tag, changes, sentence):
    (tmp_path / "CHANGELOG.md").write_text(changes)
    with pytest.raises(SystemExit, match=re.escape(sentence)):
        notes(tag)
