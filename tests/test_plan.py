import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from lacuna.errors import LacunaError
from lacuna.plan import Plan, stages

ROOT = Path(__file__).parents[1]
DEFAULT = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def plan(tmp_path, **changes) -> Plan:
    return Plan({**deepcopy(DEFAULT), **changes}, tmp_path)


LARGE = {"all", "ttt", "ttt_paper"}  # of many systems or experiments, each of which is asked whether it can be built


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=pytest.mark.slow if path.stem in LARGE else ())
        for path in sorted((ROOT / "config").rglob("*.yaml"))
    ],
)
def test_every_shipped_config_is_valid(path, tmp_path, monkeypatch):
    """With a picture in every folder that it names."""
    config = yaml.safe_load(path.read_text())
    monkeypatch.chdir(tmp_path)
    for entry in [*config["image_sets"].values(), *config["mask_sets"].values()]:
        if "path" in entry:
            Path(entry["path"]).mkdir(parents=True, exist_ok=True)
            Path(entry["path"], "0.png").write_bytes(b"picture")
    Plan(config, tmp_path / "cache").report().digest  # noqa: B018 - made for its errors


def test_a_trained_system_has_a_row_per_source_and_another_has_one(tmp_path):
    keys = plan(tmp_path).predictions()
    assert ("aotgan", "place2", "paris_test") in keys and ("aotgan", "celeba", "paris_test") in keys
    assert ("telea", "untrained", "paris_test") in keys
    assert not [key for key in keys if key[0] == "telea" and key[1] != "untrained"]
    assert len(keys) == len(set(keys))


def test_settings_hold_only_what_the_stage_uses(tmp_path):
    one = plan(tmp_path)
    other = plan(tmp_path, title="Another title", metrics=["psnr"], figures={"qualitative_images": 1})
    assert one.train("aotgan", "place2").digest == other.train("aotgan", "place2").digest
    assert one.score("telea", "untrained").digest != other.score("telea", "untrained").digest


def test_a_change_upstream_changes_every_digest_downstream(tmp_path):
    one = plan(tmp_path)
    sets = deepcopy(DEFAULT["image_sets"])
    sets["place2_val"]["seed"] = 17
    other = plan(tmp_path, image_sets=sets)
    assert one.pair("place2_val").digest != other.pair("place2_val").digest
    assert one.train("aotgan", "place2").digest != other.train("aotgan", "place2").digest
    assert one.train("aotgan", "celeba").digest == other.train("aotgan", "celeba").digest
    assert (
        one.predict("telea", "untrained", "paris_test").digest
        == other.predict("telea", "untrained", "paris_test").digest
    )


def test_one_system_twice_under_two_labels(tmp_path):
    systems = {"small": {"system": "telea"}, "large": {"system": "telea", "settings": {"radius": 9.0}}}
    two = plan(tmp_path, systems=systems)
    small, large = (two.predict(label, "untrained", "paris_test") for label in systems)
    assert small.settings["system"] == large.settings["system"] == "telea"
    assert small.digest != large.digest


def test_a_budget_of_one_system_replaces_the_common_one(tmp_path):
    systems = {"aotgan": {**DEFAULT["systems"]["aotgan"], "training": {"seconds": 5}}}
    assert "iterations" not in plan(tmp_path, systems=systems).train("aotgan", "place2").settings["training"]
    with pytest.raises(LacunaError, match="give one of them"):
        plan(tmp_path, systems={"aotgan": {"training": {"seconds": 5, "iterations": 5}}})


def test_a_budget_of_one_source_stands_over_that_of_the_system(tmp_path):
    entry = {**DEFAULT["systems"]["aotgan"], "training": {"seconds": 5, "negatives": 0.1}}
    one = plan(tmp_path, systems={"aotgan": {**entry, "training_on": {"celeba": {"iterations": 3, "negatives": 0.5}}}})
    place2, celeba = (one.train("aotgan", source).settings["training"] for source in ("place2", "celeba"))
    assert place2["seconds"] == 5 and place2["negatives"] == 0.1 and "iterations" not in place2
    assert celeba["iterations"] == 3 and celeba["negatives"] == 0.5 and "seconds" not in celeba
    assert celeba["checkpoint_every"] == place2["checkpoint_every"]


def test_a_budget_of_one_source_needs_a_training_and_that_source(tmp_path):
    with pytest.raises(LacunaError, match="has 'training_on', but is not trained"):
        plan(tmp_path, systems={"telea": {"training_on": {"celeba": {"iterations": 3}}}})
    with pytest.raises(LacunaError, match="unknown source 'celebs': did you mean 'celeba'"):
        plan(tmp_path, systems={"aotgan": {"training_on": {"celebs": {"iterations": 3}}}})
    with pytest.raises(LacunaError, match="give one of them"):
        both = {"iterations": 3, "seconds": 5}
        plan(tmp_path, systems={"aotgan": {"training_on": {"celeba": both}}})


def test_backbones_follow_the_metrics(tmp_path):
    assert plan(tmp_path, metrics=["psnr"]).backbones_of_scores() == []
    assert plan(tmp_path, metrics=["lpips_alex"]).backbones_of_scores() == ["lpips_alex"]


def test_set_metrics_score_every_prediction_and_control_beside_one_reference(tmp_path):
    assert plan(tmp_path).scored_as_sets() == []
    one = plan(tmp_path, set_metrics=["kid"], systems={"telea": {}})
    keys = one.scored_as_sets()
    assert ("telea", "untrained") in keys and ("masked_input", "control") in keys
    assert len(keys) == len(set(keys)) == 1 + 3
    assert one.features("telea", "untrained").inputs["backbones"] == ("results/backbones/inception.pt",)
    references = one.score_set("telea", "untrained").inputs["reference"]
    assert [each.job for each in references] == [one.features_of_truth(name) for name in one.test_sets]
    two = plan(tmp_path, set_metrics=["fid", "kid"], systems={"telea": {}})
    key = ("ground_truth", "control")
    assert one.features(*key).digest == two.features(*key).digest
    assert one.score_set(*key).digest != two.score_set(*key).digest
    with_sets, without = (each.table("controls_set_scores") for each in (one, plan(tmp_path, systems={"telea": {}})))
    assert with_sets.digest != without.digest


def test_set_metrics_are_known_and_sets_large_enough(tmp_path):
    with pytest.raises(LacunaError, match=r"set_metrics\[0\] is 'fld': did you mean 'fid'"):
        plan(tmp_path, set_metrics=["fld"])
    sets = deepcopy(DEFAULT["image_sets"])
    sets["paris_test"]["count"] = 9
    with pytest.raises(LacunaError, match="'u_ids' needs at least 10 images, but test set 'paris_test' has 9"):
        plan(tmp_path, set_metrics=["kid", "u_ids"], image_sets=sets)


def test_controls_are_in_every_plan_but_among_no_systems(tmp_path):
    one = plan(tmp_path)
    assert {key[0] for key in one.control_predictions()} == {"ground_truth", "mean_fill", "masked_input"}
    assert not set(one.control_predictions()) & set(one.predictions())
    assert plan(tmp_path, controls=False).control_predictions() == []
    fewer = plan(tmp_path, controls=False)
    assert one.table("controls_set_scores").digest != fewer.table("controls_set_scores").digest
    assert one.table("scores").digest == fewer.table("scores").digest
    with pytest.raises(LacunaError, match="may not be called 'control'"):
        plan(tmp_path, sources={"control": DEFAULT["sources"]["place2"]})


def test_a_size_that_a_network_is_not_trained_at_is_refused_beforehand(tmp_path):
    small = {"deepfillv2": {"settings": {"width": 4, "discriminator_width": 4}}}
    with pytest.raises(
        LacunaError, match=r"image_size is 56×37, but systems\.deepfillv2 .* at least 8 pixels that are multiples of 8;"
    ):
        plan(tmp_path, image_size=[56, 37], systems=small)
    assert plan(tmp_path, image_size=[56, 40], systems=small).trainings()
    # predictions are padded: weights of elsewhere, and what is fitted to each picture, take any size
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"weights")
    elsewhere = {"deepfillv2": {**small["deepfillv2"], "weights": str(weights)}, "deep_image_prior": None}
    assert plan(tmp_path, image_size=[56, 37], systems=elsewhere).predictions()


def test_weights_from_elsewhere_are_not_trained_here(tmp_path):
    (tmp_path / "released.pth").write_bytes(b"weights")
    settings = DEFAULT["systems"]["aotgan"]["settings"]
    systems = {"aotgan": {"settings": settings, "weights": str(tmp_path / "released.pth")}}
    one = plan(tmp_path, systems=systems)
    assert one.trainings() == []
    assert one.sources_of("aotgan") == ["elsewhere"]
    before = one.predict("aotgan", "elsewhere", "paris_test").digest
    (tmp_path / "released.pth").write_bytes(b"other weights")
    assert plan(tmp_path, systems=systems).predict("aotgan", "elsewhere", "paris_test").digest != before


def test_missing_weights_are_one_sentence(tmp_path):
    with pytest.raises(LacunaError, match="nothing.pth"):
        plan(tmp_path, systems={"aotgan": {"weights": str(tmp_path / "nothing.pth")}})


def test_keys_that_exclude_each_other_are_named(tmp_path):
    systems = {"theirs": {"kind": "predictions", "path": "x", "training": {"iterations": 1}}}
    with pytest.raises(LacunaError, match="key 'training' cannot be combined with the other keys at systems.theirs"):
        plan(tmp_path, systems=systems)


def test_weights_together_with_training_are_trained_further(tmp_path):
    released = tmp_path / "released.pth"
    released.write_bytes(b"weights")
    own = {"iterations": 7, "learning_rate": 1e-5, "freeze": ["network.encoder.*"]}
    entry = {"settings": DEFAULT["systems"]["aotgan"]["settings"], "weights": str(released), "training": own}
    one = plan(tmp_path, systems={"aotgan": entry})
    assert one.trainings() == [("aotgan", "place2"), ("aotgan", "celeba")]
    assert one.weights_of("aotgan", "celeba") == ["results/demo/training/aotgan/celeba/weights.safetensors"]
    job = one.train("aotgan", "place2")
    assert job.inputs["initial"] == (str(released),)
    assert job.settings["training"]["freeze"] == ["network.encoder.*"]
    released.write_bytes(b"other weights")
    assert plan(tmp_path, systems={"aotgan": entry}).train("aotgan", "place2").digest != job.digest


@pytest.mark.parametrize(
    ("systems", "sentence"),
    [
        ({"aotgan": {"training": {"learning_rat": 1}}}, "unknown key 'learning_rat' at systems.aotgan.training: did"),
        ({"aotgan": {"training": {"freeze": "network.*"}}}, "systems.aotgan.training.freeze is 'network"),
        ({"telea": {"training": {"iterations": 3}}}, "systems.telea has 'training', but is not trained"),
    ],
)
def test_mistakes_in_a_systems_own_training_are_one_sentence(systems, sentence, tmp_path):
    with pytest.raises(LacunaError, match=sentence):
        plan(tmp_path, systems=systems)


def test_a_system_is_measured_once_whatever_it_was_trained_on(tmp_path):
    one = plan(tmp_path, export=False)
    other = plan(tmp_path, export=False, training={"iterations": 3}, seed=5)
    assert one.measure("aotgan").digest == other.measure("aotgan").digest
    assert one.measure("aotgan").digest != plan(tmp_path, export=False, image_size=96).measure("aotgan").digest
    exporting = plan(tmp_path)
    assert one.measure("aotgan").upstream == exporting.measure("telea").upstream == ()
    assert exporting.measure("aotgan").upstream == (exporting.export("aotgan", "place2"),)
    assert exporting.measure("telea").digest == one.measure("telea").digest
    assert one.measure("telea").settings["cost"] == {
        "seconds": 0.5,
        "largest_batch_cpu": 4,
        "largest_batch_gpu": 64,
    }
    counted, others = (each.table("costs") for each in (one, other))
    rows = counted.settings["rows"]
    assert ["aotgan", "aotgan", "celeba", "results/demo/training/aotgan/celeba/weights.safetensors"] in rows
    assert ["telea", "telea", "untrained", None] in rows
    assert counted.digest != others.digest
    assert len(counted.inputs["weights"]) == len(one.trainings()) == 6


def test_the_bounds_of_a_measurement_are_checked(tmp_path):
    with pytest.raises(LacunaError, match="unknown key 'second' at cost: did you mean 'seconds'"):
        plan(tmp_path, cost={"second": 1})


def test_every_network_is_exported_unless_the_config_says_no(tmp_path):
    one = plan(tmp_path)
    assert set(one.exports()) == set(one.trainings())
    without = one.table("parity_scores").settings["without"]
    assert [row[:2] for row in without] == [[name, "untrained"] for name in ("telea", "navier_stokes")]
    other = plan(tmp_path, export=False)
    assert other.exports() == [] and not other.is_exporting()
    assert one.table("parity_scores") in one.report().upstream
    assert not [job for job in other.report().upstream if job.key == {"inputs": "parity_scores"}]


def test_released_weights_are_exported_and_what_has_no_network_says_why(tmp_path):
    (tmp_path / "released.pth").write_bytes(b"weights")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "0000.png").write_bytes(b"picture")
    settings = DEFAULT["systems"]["aotgan"]["settings"]
    systems = {
        "aotgan": {"settings": settings, "weights": str(tmp_path / "released.pth")},
        "deep_image_prior": None,
        "theirs": {"kind": "predictions", "path": str(tmp_path / "theirs")},
    }
    one = plan(tmp_path, systems=systems)
    assert one.exports() == [("aotgan", "elsewhere")]
    (prior, theirs) = one.table("parity_scores").settings["without"]
    assert prior[:2] == ["deep_image_prior", "untrained"] and "every picture" in prior[2]
    assert theirs[:2] == ["theirs", "elsewhere"] and "given" in theirs[2]
    before = one.export("aotgan", "elsewhere").digest
    (tmp_path / "released.pth").write_bytes(b"other weights")
    assert plan(tmp_path, systems=systems).export("aotgan", "elsewhere").digest != before


def test_how_many_images_are_verified_changes_no_graph(tmp_path):
    all_of_them, some = plan(tmp_path, export=True), plan(tmp_path, export={"images": 3})
    assert all_of_them.verify_export("tfill", "celeba").settings["images"] is None
    assert some.verify_export("tfill", "celeba").settings["images"] == 3
    assert plan(tmp_path, export={}).verify_export("tfill", "celeba").settings["images"] is None
    assert some.export("tfill", "celeba").digest == all_of_them.export("tfill", "celeba").digest
    assert some.verify_export("tfill", "celeba").digest != all_of_them.verify_export("tfill", "celeba").digest
    with pytest.raises(LacunaError, match="unknown key 'image' at export: did you mean 'images'"):
        plan(tmp_path, export={"image": 3})


def test_the_studio_is_left_out_when_told_so_or_without_a_network(tmp_path):
    assert plan(tmp_path).has_studio()
    assert not plan(tmp_path, studio=False).has_studio()
    assert not plan(tmp_path, systems={"telea": None}).has_studio()
    with pytest.raises(LacunaError, match="studio is 'no'; give true or false"):
        plan(tmp_path, studio="no")


def test_npm_that_arrives_fetches_the_runtime_and_npm_that_leaves_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    digests = []
    for npm, present in ((False, False), (True, False), (True, True), (False, True)):
        monkeypatch.setattr("lacuna.plan.showing.has_npm", lambda npm=npm: npm)
        if present:
            file = tmp_path / "results/web_runtime/ort.wasm.bundle.min.mjs"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        digests.append(plan(tmp_path).fetch_web_runtime().digest)
    assert digests[0] != digests[1]
    assert digests[1] == digests[2] == digests[3]


def test_a_pinned_version_is_in_the_digest_of_what_computes_with_it(tmp_path, monkeypatch):
    """Fetched files apart: their hash is known."""
    monkeypatch.setattr(stages, "pinned", lambda environment: {"torch": "2.11.0"} if environment == "torch" else {})
    one = plan(tmp_path)
    monkeypatch.setattr(stages, "pinned", lambda environment: {"torch": "2.12.0"} if environment == "torch" else {})
    other = plan(tmp_path)
    assert one.train("aotgan", "place2").digest != other.train("aotgan", "place2").digest
    assert one.pair("place2_train").digest == other.pair("place2_train").digest
    backbone = ("lpips_alex", "safetensors")
    assert one.fetch_backbone(*backbone).digest == other.fetch_backbone(*backbone).digest


def test_the_pinned_versions_are_those_of_the_environment():
    assert stages.pinned("torch")["torch"] == "2.11.0" and "onnxruntime-gpu" in stages.pinned("torch")
    assert "torch" not in stages.pinned("data")


@pytest.mark.slow
def test_planning_imports_nothing_heavy():
    """Asked of a new interpreter, with what the plan must know of its systems remembered."""
    program = (
        "import sys, yaml, lacuna.plan; plan = lacuna.plan.Plan(yaml.safe_load(open('config/config.yaml')));"
        "[job.digest for job in plan.jobs()]; print(*({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_masks_of_their_own_pictures_are_paired_so_where_pictures_are_reported_on(tmp_path):
    (tmp_path / "0.png").write_bytes(b"picture")
    sets = {**deepcopy(DEFAULT["mask_sets"]), "test_mask": {"kind": "folder", "path": str(tmp_path), "count": None}}
    dealt = plan(tmp_path / "cache", mask_sets=deepcopy(sets))
    sets["test_mask"]["pairing"] = "by_name"
    own = plan(tmp_path / "cache", mask_sets=sets)
    assert own.pair("paris_test").settings["pairing"] == own.make_masks("test_mask").settings["pairing"] == "by_name"
    assert dealt.pair("paris_test").settings["pairing"] == "drawn"
    assert own.pair("place2_train").digest == dealt.pair("place2_train").digest
    sets["train_mask"]["pairing"] = "by_name"
    with pytest.raises(LacunaError, match="pairing"):
        plan(tmp_path / "cache", mask_sets=sets)
