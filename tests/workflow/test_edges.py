"""Every edge and every path stands once: what Snakemake runs is what the plan says, and no value meets a shell bare."""

import re
from pathlib import Path

import pytest

from lacuna.plan import STAGES, Plan
from tests.workflow.conftest import SMALL
from tests.workflow.test_axes import CHANGES

ROOT = Path(__file__).parents[2]
RULES = "".join(path.read_text() for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")))
SETS = {**SMALL, "set_metrics": ["kid"]}


def listed(text: str) -> dict[str, tuple[set[str], set[str]]]:
    """Rule and first output → (inputs, outputs) of every job that `--detailed-summary`-like dry runs print."""
    jobs = {}
    for block in re.split(r"\n(?=(?:local)?rule \w+:)", text):
        found = dict(re.findall(r"^    (input|output): (.*)$", block, re.MULTILINE))
        if "output" in found:
            outputs = found["output"].split(", ")
            jobs[min(outputs)] = (set(found.get("input", "").split(", ")) - {""}, set(outputs))
    return jobs


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [{}, {"set_metrics": ["kid"]}, {"sources": {}, "systems": {"telea": None}}, {**CHANGES, "set_metrics": ["kid"]}],
)
def test_snakemake_s_jobs_are_the_plan_s(fresh, changes, monkeypatch):
    config = fresh.configure(**changes)
    result = fresh.snakemake("--dry-run", "--forceall", "--configfile", str(config))
    assert result.returncode == 0, result.stdout + result.stderr
    monkeypatch.chdir(fresh.folder)
    jobs = listed(result.stdout + result.stderr)
    planned = {}
    for job in Plan({**SMALL, **changes}).jobs():
        edges = {str(path) for each in (job.inputs, job.after) for paths in each.values() for path in paths}
        made = {str(path) for path in edges if any(path in other.files for other in job.needed)}
        planned[min(map(str, job.files))] = (made, set(map(str, job.files)))
    assert jobs == planned


def test_every_rule_is_a_stage_of_its_name_and_its_environment():
    """Tables and figures have a rule for each group of inputs, made by a loop, which has no name of its own."""
    texts = re.findall(r"^ *rule *\w*:\n(?:.*\n)*?(?=^ *rule *\w*:|\Z)", RULES, re.MULTILINE)
    rules = {re.search(r"lacuna step (\w+)", text)[1]: text for text in texts}
    assert rules.keys() == STAGES.keys() and len(rules) == len(texts)
    for name, text in rules.items():
        assert text.startswith(f"rule {name}:\n") or name in {"table", "figure"}
        assert f"envs/{STAGES[name].environment}.yaml" in text, name
        assert f"lacuna step {name} --job {{params.job:q}}" in text, name


def test_a_shell_is_given_quoted_values_alone():
    shells = re.findall(r"shell:\n((?:        +.*\n)+)", RULES)
    assert len(shells) == len(STAGES)
    for shell in shells:
        for value in re.findall(r"{([^}]*)}", shell):
            assert value.endswith(":q") or value in {"threads", "resources.gpu"}, shell
