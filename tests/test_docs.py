"""The documents tell the truth: what can be generated is compared with what is committed."""

import re
from pathlib import Path

import pytest

from lacuna import systems
from lacuna.cli import command_modules
from lacuna.commands.systems import to_markdown
from lacuna.systems._catalogue import catalogue

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_table_of_systems_is_the_generated_one():
    assert (ROOT / "docs" / "systems.md").read_text() == to_markdown(catalogue()) + "\n"


def test_the_readme_names_only_systems_and_commands_that_exist():
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("| systems | kind |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", table))
    assert len(named) > 10 and named <= set(systems.names())
    assert set(re.findall(r"^lacuna ([a-z-]+)", readme, re.MULTILINE)) <= set(command_modules())


def test_paths_named_in_the_map_exist():
    text = (ROOT / "docs" / "architecture.md").read_text()
    for name in re.findall(r"`((?:workflow|config|tests|profiles|envs)/[A-Za-z0-9_./-]+)`", text):
        assert (ROOT / name).exists(), name


def test_the_tests_of_the_cases_from_the_field_exist():
    rows = [
        line for line in (ROOT / "docs" / "field_cases.md").read_text().splitlines() if line[:3].strip("| ").isdigit()
    ]
    assert len(rows) == 15
    for row in rows:
        tests = re.findall(r"`(tests/[a-z_/]+\.py)::(\w+)`", row)
        assert tests, row
        for file, name in tests:
            assert f"\ndef {name}(" in (ROOT / file).read_text(), (file, name)
