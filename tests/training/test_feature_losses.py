"""Pretrained networks that rest in some steps: they are not asked, resuming is exact, and the logs say it."""

import math

import pytest
import torch

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows
from lacuna.training.logs import Means
from tests.systems.doubles import RandomFeatures
from tests.training.doubles import at_step, contents, interrupt

TRAINED = [name for name in systems.names() if systems.system_class(name).facts.kind == "deep"]
WITH_FEATURES = [
    (name, form)
    for name in TRAINED
    for form in ("", *systems.system_class(name).forms)
    if systems.system_class(name).backbones(systems.system_class(name).Recipe())
]
SIZES = {"mat": (32, 64)}  # of pictures that the fixture's are too small for
# losses by their end; `perceptual` is also part of longer names
OF_FEATURES = ("style", "perceptual", "content")


def settings_of(name, form):
    cls = systems.system_class(name)
    small = {key: value for key, value in cls.small.items() if key != "image_size"}
    size = {"size": SIZES[name]} if name in SIZES else {}
    return {"system": name, "settings": {**small, **cls.forms.get(form, {})}, **size}


@pytest.fixture
def asked(monkeypatch):
    """The number of times that a pretrained network was asked in each step so far."""
    counts = []
    original_step, original_forward = systems.base.System.training_step, RandomFeatures.forward

    def training_step(self, *args):
        counts.append(0)
        return original_step(self, *args)

    def forward(self, images):
        counts[-1] += 1
        return original_forward(self, images)

    monkeypatch.setattr(systems.base.System, "training_step", training_step)
    monkeypatch.setattr(RandomFeatures, "forward", forward)
    return counts


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form"), WITH_FEATURES)
def test_every_third_step_asks_and_resuming_is_exact(job, asked, monkeypatch, name, form):
    budget = {"iterations": 5, "feature_losses_every": 3, "log_every": 2, **settings_of(name, form)}
    folder = job("straight", **budget)
    assert [count > 0 for count in asked] == [True, False, False, True, False]
    first, second, last = read_rows(folder / "losses.csv")
    resting = {key for key, value in last.items() if not value}
    assert resting and all(key.endswith(OF_FEATURES) for key in resting)
    assert all([*first.values(), *second.values()])

    with monkeypatch.context() as patch:
        at_step(patch, 3, interrupt, systems.system_class(name))
        with pytest.raises(LacunaError, match="interrupted"):
            job("resumed", **budget)
    assert contents(job("resumed", **budget)) == contents(folder)


def test_a_logged_loss_is_the_mean_of_the_steps_that_computed_it(job):
    single = read_rows(job("single", iterations=6, log_every=1, feature_losses_every=2) / "losses.csv")
    logged = read_rows(job("mean", iterations=6, log_every=3, feature_losses_every=2) / "losses.csv")
    for name, numbers in (("style", (2, 1)), ("l1", (3, 3))):
        for row, steps, number in zip(logged, (single[:3], single[3:]), numbers, strict=True):
            computed = [float(step[name]) for step in steps if step[name]]
            assert len(computed) == number
            assert math.isclose(float(row[name]), sum(computed) / number, rel_tol=1e-4)


def test_means_leave_out_what_rested_and_go_on_from_a_checkpoint():
    pending = [{"l1": 1.0, "style": 8.0}, {"l1": 2.0, "style": math.nan}]
    means = Means(pending, before=[])
    means.add(3, {"l1": torch.tensor(6.0)})
    assert means.take() == {"l1": 3.0, "style": 8.0}
    means.add(4, {"l1": torch.tensor(5.0)})
    alone = means.take()
    assert alone["l1"] == 5 and math.isnan(alone["style"])


def test_rest_changes_the_weights_and_the_record_says_it(job):
    always, rests = job("always", iterations=3), job("rests", iterations=3, feature_losses_every=2)
    assert contents(always)["weights.safetensors"] != contents(rests)["weights.safetensors"]
    assert [read_json(each / "record.json")["feature_losses_every"] for each in (always, rests)] == [1, 2]
