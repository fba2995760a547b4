"""Adaptation in the plan: which jobs there are, what they depend on, and what is refused before anything runs."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from lacuna.errors import LacunaError
from lacuna.plan import Plan

ROOT = Path(__file__).parents[2]
DEFAULT = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
NARROW = {"form": "thesis_small", "width": 4, "discriminator_width": 4, "feature_network": "vgg16"}
SYSTEMS = {"structure": {"settings": NARROW}, "telea": {}}
TWO = ["celeba_test", "FFHQ_test"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """Systems are asked once for all tests of this file."""
    return tmp_path_factory.mktemp("cache")


def plan(cache: Path, systems=None, adaptation=None, **changes) -> Plan:
    asked = {"experiments": ["baseline", "combination_I"]} if adaptation is None else adaptation
    given = {"systems": SYSTEMS if systems is None else systems, "test_sets": TWO, "export": False, "studio": False}
    return Plan({**deepcopy(DEFAULT), **given, "adaptation": asked, **changes}, cache)


@pytest.mark.slow
def test_one_job_a_system_source_test_set_and_experiment(cache):
    one = plan(cache)
    keys = [tuple(job.key.values()) for job in one.jobs() if job.stage == "adapt"]
    assert len(keys) == 2 * 2 * 2
    assert ("structure", "celeba", "FFHQ_test", "combination_I") in keys
    job = one.adapt("structure", "place2", "FFHQ_test", "baseline")
    assert "results/demo/adaptation/baseline/structure/place2/FFHQ_test/rows.parquet" in job.files
    assert "results/demo/predictions/structure__baseline/place2/FFHQ_test/index.csv" in job.files
    assert not [path for path in job.files if "features" in path]


def test_adapted_systems_are_contestants_with_titles(cache):
    one = plan(cache)
    assert ("structure__combination_I", "celeba") in one.contestants()
    assert ("structure__baseline", "place2", "celeba_test") in one.predictions()
    assert ["structure__combination_I", "Structure Knowledge, adapted (combination I)"] in one.titles()["systems"]
    scored = one.score("structure__baseline", "celeba")
    assert {job.stage for job in scored.upstream} >= {"adapt", "pair"}
    assert "structure__baseline" not in one.labels(given=False)  # not measured: its network is the same


@pytest.mark.parametrize("less", [{"images": 3}, {"test_sets": ["FFHQ_test"]}, {"sources": ["celeba"]}])
def test_what_leaves_pictures_out_is_no_contestant_but_is_made(less, cache):
    one = plan(cache, adaptation={"experiments": ["baseline"], **less})
    assert [name for name, _ in one.contestants()] == ["structure", "structure", "telea"]
    assert [job for job in one.jobs() if job.stage == "adapt"]


def test_a_limit_that_leaves_nothing_out_limits_nothing(cache):
    one = plan(cache, adaptation={"experiments": ["baseline"], "images": 24})
    assert ("structure__baseline", "celeba") in one.contestants()


def test_the_set_that_is_chosen_on_is_adapted_to_and_not_compared(cache):
    one = plan(cache, adaptation={"experiments": ["baseline"], "choose_on": "place2_val"})
    assert {job.key["test_set"] for job in one.adaptation_jobs()} == {*TWO, "place2_val"}
    assert {test_set for _, _, test_set in one.predictions()} == set(TWO)


def test_a_pool_is_that_of_the_training_source_and_only_where_it_is_asked(cache):
    adaptation = {"experiments": ["baseline", "fill_random_image", "fill_similar_image"]}
    one = plan(cache, adaptation=adaptation)
    plain, random, similar = (one.adapt("structure", "celeba", "FFHQ_test", name) for name in adaptation["experiments"])
    assert "pool" not in plain.inputs and "descriptions" not in random.inputs
    assert random.inputs["pool"] == ("results/demo/images/celeba_train/index.csv",)
    assert similar.inputs["descriptions"] == ("results/demo/adaptation/descriptions/celeba_train.safetensors",)


def test_a_discriminator_is_read_only_where_one_judges(cache):
    adaptation = {"experiments": ["baseline", "generator_without_discriminator"]}
    one = plan(cache, adaptation=adaptation)
    judged, alone = (one.adapt("structure", "celeba", "FFHQ_test", name) for name in adaptation["experiments"])
    assert judged.inputs["discriminator"] == one.train("structure", "celeba").outputs["state"]
    assert alone.inputs["discriminator"] == ()


def test_an_experiments_settings_change_its_own_jobs_alone(cache):
    asked = {"experiments": ["baseline", "mine"], "changes": {"mine": {"base": "combination_I", "steps": 10}}}
    one, other = plan(cache, adaptation=asked), deepcopy(asked)
    other["changes"]["mine"]["steps"] = 20
    other = plan(cache, adaptation=other)
    key = ("structure", "celeba", "FFHQ_test")
    assert one.adapt(*key, "mine").digest != other.adapt(*key, "mine").digest
    assert one.adapt(*key, "baseline").digest == other.adapt(*key, "baseline").digest
    assert one.adapt(*key, "mine").settings["experiment"]["steps"] == 10


def test_without_the_section_nothing_changes(cache):
    one = Plan(deepcopy(DEFAULT), cache)
    assert one.contestants() and not one.adaptation_jobs() and not one.adapted_contestants()
    assert "adaptation" not in one.config


def test_what_is_not_exported_says_why(cache):
    reasons = {label: reason for label, _, reason in plan(cache)._without_export()}
    assert "adapted to every picture" in reasons["structure__baseline"]


@pytest.mark.parametrize(
    ("adaptation", "sentence"),
    [
        ({"experiments": ["basline"]}, "under adaptation, there is no experiment 'basline': did you mean 'baseline'"),
        ({"experiments": ["baseline"], "common": {"stepps": 3}}, "under adaptation, unknown key 'stepps' at baseline"),
        ({"experiments": ["baseline"], "systems": ["structur"]}, "adaptation.systems names 'structur'.*'structure'"),
        ({"experiments": ["baseline"], "sources": ["place3"]}, "adaptation.sources names 'place3'"),
        ({"experiments": ["baseline"], "test_sets": ["place2_val"]}, "adaptation.test_sets names 'place2_val'"),
        ({"experiments": ["baseline"], "choose_on": "place2_train"}, "neither a validation nor a test set"),
        (
            {"experiments": ["baseline"], "test_sets": ["FFHQ_test"], "choose_on": "FFHQ_test"},
            "the one test set that is reported on",
        ),
        ({"experiments": ["baseline"], "losses": {"structure": "mine"}}, "losses.structure is 'mine'; give thesis or"),
        (
            {"experiments": ["baseline"], "systems": ["telea"]},
            "'telea': system 'telea' is an algorithm without",
        ),
        ({"experiments": ["baseline"], "systems": ["theirs"]}, "'theirs', which is a folder of given predictions"),
        ({"experiments": ["freeze_early"]}, "'freeze_early' does not fit system 'structure': .*nothing to freeze"),
        ({"experiments": ["baseline"], "losses": {"aotgan": "thesis"}}, "system 'aotgan' has no losses by region"),
    ],
)
def test_mistakes_are_one_sentence_before_anything_runs(adaptation, sentence, cache):
    systems = {
        **SYSTEMS,
        "theirs": {"kind": "predictions", "path": "x/{test_set}"},
        "aotgan": {"settings": {"width": 4, "blocks": 1, "rates": [1], "feature_network": "vgg16"}},
    }
    with pytest.raises(LacunaError, match=sentence) as caught:
        plan(cache, systems, adaptation)
    assert "\n" not in str(caught.value)


def test_a_system_called_like_an_adapted_one_is_refused(cache):
    with pytest.raises(LacunaError, match="'structure__baseline' is the name of a system and of 'structure' adapted"):
        plan(cache, {**SYSTEMS, "structure__baseline": {"system": "telea"}}, {"experiments": ["baseline"]})


def test_released_weights_need_their_discriminator_beside_them(cache, tmp_path):
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"weights")
    systems = {"structure": {"settings": NARROW, "weights": str(weights)}}
    with pytest.raises(LacunaError, match="'baseline' asks a trained discriminator, but beside the weights"):
        plan(cache, systems, {"experiments": ["baseline"]})
    one = plan(cache, systems, {"experiments": ["generator_without_discriminator"]})
    assert one.adaptation_jobs()[0].key["source"] == "elsewhere"
    (tmp_path / "training_state.safetensors").write_bytes(b"state")
    job = plan(cache, systems, {"experiments": ["fill_random_image"]}).adaptation_jobs()[0]
    assert job.inputs["discriminator"] == (str(tmp_path / "training_state.safetensors"),)
    # nobody has the pictures that released weights were trained on: those of all sources take their place
    assert len(job.inputs["pool"]) == 2
