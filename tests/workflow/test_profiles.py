"""Profiles for clusters and clouds say of reruns what the default one says; rules name what the plugins read."""

from pathlib import Path

import pytest
import yaml
from snakemake_executor_plugin_slurm.utils import set_gres_string

from lacuna.config.reading import read_config
from lacuna.plan import Plan

ROOT = Path(__file__).parents[2]
ELSEWHERE = sorted((ROOT / "workflow/profiles").iterdir())


def settings(profile: Path) -> dict:
    return yaml.safe_load((profile / "config.yaml").read_text())


@pytest.mark.parametrize("profile", ELSEWHERE, ids=lambda path: path.name)
def test_a_profile_says_of_reruns_what_the_default_one_says(profile):
    default, own = settings(ROOT / "profiles/default"), settings(profile)
    assert own["executor"] == profile.name
    same = {"rerun-triggers", "rerun-incomplete", "show-failed-logs"}
    assert same <= default.keys() and {key: own[key] for key in same} == {key: default[key] for key in same}
    assert "resources" not in own  # GPUs are counted there, not here


class Asked(dict):
    """The resources of a job, as the plugin reads them."""

    __getattr__ = dict.__getitem__


@pytest.mark.parametrize("gpus", [0, 1, 2])
def test_as_many_gpus_as_a_rule_asks_for_are_asked_of_slurm(gpus):
    """By the name that the rules have for them."""
    (name,) = Plan(read_config(ROOT / "config/config.yaml")).resources("train").keys() & {"gpu", "gpus", "nvidia_gpu"}
    job = type("Job", (), {"resources": Asked({name: gpus})})
    assert set_gres_string(job) == (f" --gpus={gpus}" if gpus else "")
