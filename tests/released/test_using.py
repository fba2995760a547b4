"""`catalogue:NAME` in the place of a file of weights: for one picture, and in a config."""

import json

import pytest
import torch

from lacuna import systems
from lacuna.config import validate
from lacuna.errors import LacunaError
from lacuna.inpainting import models
from lacuna.plan import Plan
from lacuna.released import catalogue
from lacuna.released.catalogue import Released
from tests.inpainting.made_up import box, noise
from tests.tiny import SETTINGS, TINY

NAME = "catalogue:deepfillv2/x"


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """Weights in their authors' names, with settings that are not the default, as fetching would leave them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs/a.png").write_bytes(b"picture")
    entry = Released(
        "deepfillv2/x",
        "deepfillv2",
        "Some",
        "MIT",
        "https://a.b/c",
        "w.pth",
        ("https://a.b/w.pth",),
        "0" * 64,
        settings=SETTINGS,
    )
    monkeypatch.setattr(catalogue, "RELEASED", {entry.name: entry})
    path = tmp_path / "results/weights/deepfillv2/x.pth"
    path.parent.mkdir(parents=True)
    system = systems.create("deepfillv2", **SETTINGS)
    torch.save({key: system.network.state_dict()[own] for key, own in system.released_keys().items()}, path)
    return path


def config(**entry) -> dict:
    systems_ = {"theirs": {"system": "deepfillv2", "weights": NAME, **entry}, "telea": {}}
    return json.loads(json.dumps(TINY | {"systems": systems_}))


def test_one_picture_is_filled_by_fetched_weights(fetched):
    model = models.load(None, NAME, threads=1, device="cpu")
    assert model.name == "deepfillv2" and model.system.recipe.width == SETTINGS["width"]
    assert model.inpaint(noise(), box()).shape == noise().shape
    with pytest.raises(LacunaError, match="are of system 'deepfillv2', not 'lama'"):
        models.load("lama", NAME)
    fetched.unlink()
    with pytest.raises(LacunaError, match="run `lacuna fetch-weights deepfillv2/x`"):
        models.load(None, NAME)


def test_a_config_takes_them_with_their_settings(fetched, tmp_path):
    plan = Plan(config(), tmp_path / "cache")
    assert plan.weights_of("theirs", "elsewhere") == ["results/weights/deepfillv2/x.pth"]
    assert plan.systems["theirs"]["settings"] == SETTINGS
    assert plan.config["systems"]["theirs"]["weights"] == NAME  # what the user wrote
    before = plan.predicted("theirs", "elsewhere", plan.test_sets[0]).digest
    fetched.write_bytes(fetched.read_bytes() + b"x")
    assert Plan(config(), tmp_path / "cache").predicted("theirs", "elsewhere", plan.test_sets[0]).digest != before
    own = {**SETTINGS, "discriminator_width": SETTINGS["discriminator_width"] + 1}
    assert Plan(config(settings=own), tmp_path / "cache").systems["theirs"]["settings"] == own


def test_a_config_whose_weights_were_not_fetched_says_the_command(fetched, tmp_path):
    fetched.unlink()
    with pytest.raises(LacunaError, match="run `lacuna fetch-weights deepfillv2/x` first"):
        Plan(config(), tmp_path / "cache")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"weights": "catalogue:deepfillv2/y"}, "at systems.theirs.weights, there are no released weights"),
        ({"system": "lama"}, "of system 'deepfillv2', not 'lama'"),
    ],
)
def test_what_a_config_gets_wrong_is_one_sentence(fetched, entry, sentence):
    with pytest.raises(LacunaError, match=sentence):
        validate(config(**entry))
