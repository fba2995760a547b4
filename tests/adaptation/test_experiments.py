import json
import subprocess
import sys

import pytest

from lacuna.adaptation.experiments import Experiment, chosen, read_experiment, read_experiments, shipped
from lacuna.errors import LacunaError

TABLE = {
    *("baseline", "masks_augmented", "masks_full_image", "masks_larger"),
    *("crop", "brightness", "gaussian_blur", "gaussian_noise"),
    *("flip_lr", "translation", "rotation_90", "rotation_30", "shear"),
    *("fill_black", "fill_random_image", "fill_coarse"),
    *("lr_low", "lr_high", "generator_only", "freeze_early", "background_loss"),
    *(f"combination_{letter}" for letter in "ABCDEFGHIJ"),
    *("zero_shot", "zero_shot_small", "zero_shot_fast", "deep_image_prior"),
}
PARTS = ("brightness", "blur", "noise", "crop", "flip", "translation", "rotation_90", "rotation_30", "shear", "one_of")


def every() -> dict[str, Experiment]:
    return read_experiments(shipped())


def probabilities(experiment: Experiment) -> dict[str, float]:
    augment = experiment.augment
    return {name: getattr(augment, name).p for name in PARTS if getattr(augment, name).p}


def test_every_experiment_of_the_thesis_and_the_further_ones_are_there():
    assert every().keys() >= TABLE
    assert {"fill_similar_image", "fill_grey", "adapters", "generator_without_discriminator"} <= every().keys()


def test_the_baseline_is_the_defaults_and_these_are_the_thesis():
    baseline = every()["baseline"]
    assert baseline == Experiment()
    assert (baseline.steps, baseline.batch_size, baseline.evaluate_every, baseline.fill) == (150, 4, 5, "random_pixels")
    assert (baseline.masks.least_coverage, baseline.masks.greatest_coverage) == (0.15, 0.25)
    losses = baseline.losses
    assert (losses.background, losses.l1, losses.structural, losses.perceptual, losses.adversarial) == (
        (False, 1.0, 1.0, 0.1, 0.4)
    )
    assert not probabilities(baseline)
    assert [baseline.rate(step, 1e-6) for step in (0, 49, 50, 99, 100, 149)] == [1e-6] * 2 + [5e-7] * 2 + [2.5e-7] * 2


@pytest.mark.parametrize(
    ("name", "steps", "first", "last", "outer", "parts", "moves"),
    [
        ("A", 150, 1e-6, 0.25e-6, 0.60, {"blur": 0.3, "crop": 0.4, "flip": 0.5, "one_of": 0.4}, True),
        ("B", 150, 1e-6, 1e-6, 0.60, {"blur": 0.3, "crop": 0.4, "flip": 0.5, "one_of": 0.4}, True),
        ("C", 150, 1e-6, 1e-6, 0.60, {"blur": 0.3, "crop": 0.4, "flip": 0.5, "one_of": 0.4}, True),
        ("D", 300, 1e-6, 0.5e-6, 0.65, {"brightness": 0.5, "blur": 0.4, "crop": 0.4, "flip": 0.5, "shear": 0.4}, True),
        ("E", 300, 1e-6, 0.5e-6, 0.60, {"blur": 0.3, "crop": 0.4, "flip": 0.5, "one_of": 0.4}, True),
        ("F", 300, 1e-6, 0.5e-6, 0.65, {"translation": 0.8}, True),
        ("G", 300, 1e-6, 0.5e-6, 0.65, {"translation": 0.8}, False),
        ("H", 300, 1e-6, 0.5e-6, 0.65, {}, False),
        ("I", 150, 2e-6, 2e-6, 0.65, {}, False),
        ("J", 150, 3e-6, 3e-6, 0.65, {}, False),
    ],
)
def test_the_combinations_are_those_of_the_resolved_table(name, steps, first, last, outer, parts, moves):
    experiments = every()
    experiment = experiments[f"combination_{name}"]
    assert experiment.fill == "random_image" and experiment.steps == steps
    assert experiment.rate(0, 1e-6) == pytest.approx(first) and experiment.rate(steps - 1, 1e-6) == pytest.approx(last)
    assert experiment.augment.outer == outer
    common = probabilities(experiments["combination_D"]) if name in "FGHIJ" else {}
    assert probabilities(experiment) == common | parts
    assert experiment.augment_finetuning_mask is moves
    assert experiment.freeze == ("encoder_and_half_of_blocks" if name == "C" else "none")
    flip, blur = experiment.augment.flip, experiment.augment.blur
    if name in "ABCE":
        assert (flip.kinds, flip.both) == (("lr", "ud"), 0.4)
        assert (blur.kernel, blur.sigma) == ((5 / 256,) * 2, (2 / 256,) * 2)
        assert experiment.augment.one_of.of == ("shear", "rotation_30")
    else:
        assert flip.kinds == ("lr",)
        assert (blur.kernel, blur.sigma) == ((5 / 256, 8 / 256), (3 / 256, 6 / 256))


def test_runs_without_pretraining():
    experiments = every()
    full, small, fast = (experiments[f"zero_shot{end}"] for end in ("", "_small", "_fast"))
    assert full.init == "random" and full.rate(149, 1e-6) == pytest.approx(5e-6)
    assert small.network == "thesis_small" and small.augment == experiments["combination_I"].augment
    assert fast.rate(0, 1e-6) == pytest.approx(1000 * full.rate(0, 1e-6))
    assert experiments["deep_image_prior"].rate(4999, 1e-6) == 0.01


def test_settings_go_through_json_and_back():
    for name, experiment in every().items():
        assert read_experiment(json.loads(json.dumps(experiment.settings()))) == experiment, name


def test_parts_are_merged_and_rivals_replace_each_other():
    found = read_experiments(
        {
            "a": {"augment": {"blur": {"p": 0.3, "kernel": "5/256"}, "crop": 0.4}, "halve_at": [7]},
            "b": {"base": "a", "augment": {"blur": 0.9}, "learning_rate": 0.5},
            "c": {"base": "b", "learning_rate_factor": 3, "halve_every": 2},
            "d": {"base": "c", "augment_of": "baseline", "augment": {"shear": 1}},
        }
    )
    assert found["a"].halve_every is None and found["a"].halve_at == (7,)
    assert found["b"].augment.blur.p == 0.9 and found["b"].augment.blur.kernel == (5 / 256, 5 / 256)
    assert found["b"].augment.crop.p == 0.4
    assert found["b"].rate(0, 1e-6) == 0.5 and found["b"].rate(7, 1e-6) == 0.25
    assert found["c"].rate(2, 1.0) == 1.5 and found["c"].halve_at == ()
    assert probabilities(found["d"]) == {"shear": 1.0} and found["d"].rate(0, 1.0) == 3.0


def test_a_subset_is_chosen_by_names_with_the_run_s_own_changes():
    found = chosen(
        ["mine", "combination_I"],
        changes={"mine": {"base": "crop", "fill": "grey"}, "combination_H": {"batch_size": 2}},
        common={"steps": 20, "evaluate_every": 10},
    )
    assert list(found) == ["mine", "combination_I"]
    assert found["mine"].fill == "grey" and found["mine"].augment.crop.p == 0.6
    assert {each.steps for each in found.values()} == {20} and found["combination_I"].batch_size == 2


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"a": {"fil": "black"}}, "unknown key 'fil' at a: did you mean 'fill'?"),
        ({"a": {"augment": {"bluhr": 0.1}}}, "unknown key 'bluhr' at a.augment: did you mean 'blur'?"),
        ({"a": {"augment": {"blur": {"sigmar": 1}}}}, "unknown key 'sigmar' at a.augment.blur: did you mean 'sigma'?"),
        ({"a": {"fill": "blakc"}}, "a.fill has no choice 'blakc': did you mean 'black'?"),
        ({"a": {"base": "b"}, "b": {"base": "a"}}, "a -> b -> a are based on each other"),
        ({"a": {"augment_of": "a"}}, "a -> a are based on each other"),
        ({"crop2": {}, "a": {"base": "crop"}}, "a refers to 'crop', which is not there: did you mean 'crop2'?"),
        ({"a": {"augment": {"blur": {"sigma": [0.2, 0.1]}}}}, "a.augment.blur.sigma is [0.2, 0.1], which begins above"),
        ({"a": {"masks": {"least_coverage": 0.4}}}, "at a.masks, least_coverage 0.4 is above greatest_coverage 0.25"),
        ({"a": {"augment": {"outer": 1.5}}}, "a.augment.outer must be a number at least 0 and at most 1, not 1.5"),
        ({"a": {"augment": {"crop": True}}}, "a.augment.crop must be a mapping of settings, not True"),
        ({"a": {"learning_rate": 1e-3, "learning_rate_factor": 2}}, "exclude each other; give one of them"),
        ({"a": {"halve_every": 50, "halve_at": [3]}}, "halve_every and halve_at exclude each other"),
        ({"a": {"steps": 1.5}}, "a.steps must be a whole number of at least 0, not 1.5"),
        ({"a": {"masks": {"kind": "full_image"}, "batch_size": 17}}, "larger than the 16 tiles"),
        ({"a": {"augment": {"one_of": 0.4}}}, "of is empty; name the augmentations"),
        ({"a": 3}, "a must be a mapping of settings, not 3"),
    ],
)
def test_a_mistake_is_one_line(entries, message):
    with pytest.raises(LacunaError) as caught:
        read_experiments(entries)
    text = str(caught.value)
    assert message in text and "\n" not in text and not text.endswith(".")


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(LacunaError, match="there is no experiment 'combination_K': did you mean 'combination_"):
        chosen(["combination_K"])


def test_the_plan_can_read_experiments_without_torch_or_numpy():
    code = (
        "import sys, lacuna.adaptation.experiments as e; e.chosen(['baseline']); "
        "print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.split() == ["False", "False"]
