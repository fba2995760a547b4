"""The documents tell the truth: what can be generated is compared with what is committed."""

import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from lacuna import systems
from lacuna.cli import command_modules
from lacuna.commands.systems import to_markdown
from lacuna.systems._catalogue import catalogue

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_table_of_systems_is_the_generated_one():
    assert (ROOT / "docs" / "systems.md").read_text() == to_markdown(catalogue()) + "\n"


@pytest.mark.slow
def test_the_rules_are_drawn_as_snakemake_says():
    written = runpy.run_path(str(ROOT / "docs" / "rulegraph.py"))
    graph = written["rules"]()
    assert {"stage", "train", "predict", "score", "report"} <= set(graph)
    assert written["PAGE"].read_text() == written["page"](graph)


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


def test_badges_say_what_the_project_says():
    """That of the workflow leads to where the repository is, wherever that is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (pinned,) = (each for each in project["dependencies"] if each.startswith("snakemake=="))
    badges = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("[![")]
    workflow, snakemake, licence = badges
    named = set(re.findall(r"\.\./\.\./actions/workflows/([a-z]+\.yml)", workflow))
    assert named == {"ci.yml"} and (ROOT / ".github" / "workflows" / "ci.yml").is_file()
    version = pinned.partition("==")[2]
    assert f"[Snakemake {version}]" in snakemake and f"badge/snakemake-{version}-" in snakemake
    assert f"[Licence: {project['license']}]" in licence and licence.endswith("(LICENSE)")
    assert f"badge/licence-{project['license'].replace('-', '--')}-" in licence


def test_those_who_cite_find_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    deposit = json.loads((ROOT / ".zenodo.json").read_text())
    assert citation["version"] == deposit["version"] == project["version"]
    assert citation["license"] == deposit["license"] == project["license"]
    assert citation["title"] == deposit["title"] and citation["keywords"] == deposit["keywords"]
    assert [author["name"] for author in citation["authors"]] == [creator["name"] for creator in deposit["creators"]]
    assert deposit["upload_type"] == citation["type"] == "software" and project["description"] in deposit["description"]


def test_the_catalog_is_told_of_every_way_that_rules_offer():
    """https://snakemake.github.io/snakemake-workflow-catalog reads it, and finds workflows by words of the README."""
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    offered, rules = (
        usage["software-stack-deployment"],
        "".join(p.read_text() for p in (ROOT / "workflow").rglob("*.smk")),
    )
    snakefile = (ROOT / "workflow" / "Snakefile").read_text()
    assert offered == {"conda": "conda:" in rules, "apptainer": "\ncontainer:" in snakefile, "apptainer+conda": False}
    assert usage["report"] == ("\nreport:" in snakefile)
    readme = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in readme and "workflow" in readme and (ROOT / "config" / "README.md").is_file()


DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "config" / "README.md"]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))


def linked_from(document: Path) -> set[Path]:
    """Files of this repository that a document links to or shows."""
    text = re.sub(r"^```.*?^```|^\[!\[.*?$", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)#\s:]+)[)#]", text)
    return {Path(os.path.normpath(document.parent / target)) for target in targets}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document):
    assert [str(path) for path in linked_from(document) if not path.exists()] == []


def test_every_way_in_names_tests_that_exist():
    text = (ROOT / "docs" / "elsewhere.md").read_text()
    rows = [row.split("|") for row in re.findall(r"^\| .*$", text, re.MULTILINE)]
    named = {name for row in rows for name in re.findall(r"`(test_\w+)`", row[3])}
    there = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert len(rows) > len(named) > 10 and named <= there


def test_every_document_is_in_the_navigation_and_every_other_file_is_linked():
    def pages(entry) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        return [page for each in (entry.values() if isinstance(entry, dict) else entry) for page in pages(each)]

    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    found = pages(site["nav"])
    outside = ["index.md", "config.md", "contributing.md", "changes.md"]
    assert sorted(found) == sorted([*outside, *(p.relative_to(ROOT / "docs").as_posix() for p in DOCUMENTS[4:])])
    others = {path for path in (ROOT / "docs").rglob("*") if path.suffix not in ("", ".md", ".py", ".pyc")}
    assert others <= {ROOT / "docs" / name for name in site["extra_css"]}.union(*map(linked_from, DOCUMENTS))


class Loaded(HTMLParser):
    """Addresses of what a page loads, in distinction to what it links to."""

    def __init__(self):
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = ("src", "srcset", "data", "poster") + (("href",) if tag in ("link", "image", "use") else ())
        self.addresses += [value or "" for name, value in attrs if name in names]


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_other_hosts(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"]
    silent = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=silent)
    assert (done.returncode, done.stderr) == (0, "")
    assert not [*(tmp_path / "site").rglob("*.py*")]
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(DOCUMENTS)
    for page in pages:
        parser = Loaded()
        parser.feed(page.read_text())
        assert parser.addresses and not [each for each in parser.addresses if re.match(r"(https?:)?//", each)], page
    for sheet in (tmp_path / "site").rglob("*.css"):
        assert not re.search(r"(url\(|@import\s*)['\"]?(https?:)?//", sheet.read_text()), sheet
    assert 'id="lacuna.inpainting.models.load"' in (tmp_path / "site" / "api.html").read_text()
    assert 'src="rules.svg"' in (tmp_path / "site" / "rules.html").read_text()
    assert 'href="config.html"' in (tmp_path / "site" / "index.html").read_text()
