"""Number formats: bfloat16 with islands of single precision, and TF32."""

import numpy as np
import pytest
import torch

from lacuna import systems
from lacuna.files import read_json, read_rows
from lacuna.nn import islands
from lacuna.nn.vgg import VGGFeatures
from lacuna.training.precision import set_precision
from tests.training.doubles import contents
from tests.training.test_engine import CASES, drawn_backbones  # noqa: F401 - a fixture
from tests.training.test_feature_losses import settings_of

MIXED = "bf16-mixed"
# Where the fixture's pictures are too small; of DeepFillv2's the discriminator would make maps of one pixel, of which
# oneDNN (3.10) returns a wrong gradient of weights in bfloat16.
SIZES = {"pennet": (48, 56), "pennet_lab": (48, 56), "deepfillv2": (40, 48), "mat": (32, 64)}
# outside the networks' forward passes, where nothing is mixed
OF_LOSSES = {"Gram matrix", "gradient penalty"}


@pytest.fixture(autouse=True)
def flags():
    backends = torch.backends.cudnn, torch.backends.cuda.matmul
    before = [each.allow_tf32 for each in backends]
    yield
    for each, value in zip(backends, before, strict=True):
        each.allow_tf32 = value


@pytest.fixture
def entered(monkeypatch):
    """Name → whether autocast was on outside, for every island that was entered; inside all is checked at once."""
    found, original = {}, islands.computed

    def computed(name, function, args, kwargs):
        def checked(*inside, **options):
            assert not torch.is_autocast_enabled("cpu")
            assert all(each.dtype == torch.float32 for each in inside if isinstance(each, torch.Tensor))
            return function(*inside, **options)

        found.setdefault(name, set()).add(islands.mixed("cpu"))
        return original(name, checked, args, kwargs)

    monkeypatch.setattr(islands, "computed", computed)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form"), CASES)
def test_every_system_trains_with_its_islands_in_single_precision(job, entered, name, form):
    given = settings_of(name, form) | ({"size": SIZES[name]} if name in SIZES else {})
    folder = job("a", iterations=2, precision=MIXED, **given)
    assert entered.keys() >= EXPECTED[name]
    for island, mixed in entered.items():
        assert (True in mixed) == (island not in OF_LOSSES), island
    assert all(row["step"] for row in read_rows(folder / "losses.csv"))


EXPECTED = {
    "aotgan": {"normalisation", "spectral norm", "Gram matrix"},
    "deepfillv2": {"likeness of patches", "attention", "spectral norm"},
    "lama": {"Fourier transform", "gradient penalty"},
    "madf": {"Gram matrix"},
    "mat": {"attention", "normalisation", "demodulation", "group deviation", "mean style", "gradient penalty"},
    "migan": {"group deviation", "gradient penalty"},
    "partialconv": {"Gram matrix"},
    "partialconv_residual": {"Gram matrix"},
    "pennet": {"likeness of patches", "attention", "spectral norm"},
    "pennet_lab": {"spectral norm"},
    "repaint": set(),  # autocast itself keeps group normalisation and softmax
    "structure": set(),
    "tfill": {"attention", "normalisation", "group deviation"},
}


def test_every_island_is_some_systems():
    assert set().union(*EXPECTED.values()) == islands.ISLANDS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["aotgan", "tfill"])
def test_twenty_steps_stay_near_single_precision(job, name):
    """At a tenth of the authors' rates: at these themselves rounding alone grows."""
    given = settings_of(name, "")
    given["settings"]["learning_rate"] = 1e-5
    single, mixed = (
        read_rows(job(precision, iterations=20, log_every=1, precision=precision, **given) / "losses.csv")
        for precision in ("32-true", MIXED)
    )
    assert len(mixed) == 20
    for row, like in zip(mixed, single, strict=True):
        whole = sum(abs(float(value)) for key, value in like.items() if key != "step")
        for key, value in like.items():
            assert abs(float(row[key]) - float(value)) <= 0.01 * whole, (row["step"], key)
    assert mixed != single


def test_pretrained_networks_follow(drawn_backbones):  # noqa: F811
    system = systems.create("aotgan", **{**systems.system_class("aotgan").small, "image_size": 32})
    system.load_backbones(".", torch.device("cpu"))
    images = torch.rand(2, 3, 40, 32, generator=torch.Generator().manual_seed(0))
    found = {}
    for precision in ("32-true", MIXED):
        set_precision(system, precision, "convolutions")
        given = images.clone().requires_grad_()
        features = system.features(given)
        assert {each.dtype for each in features.values()} == {torch.float32}
        sum(each.mean() for each in features.values()).backward()
        found[precision] = [*(each.detach() for each in features.values()), given.grad]
    for single, mixed in zip(found["32-true"], found[MIXED], strict=True):
        assert not torch.equal(single, mixed)
        assert float((single - mixed).norm() / single.norm()) < 0.15
    assert isinstance(system.features, VGGFeatures)


@pytest.mark.parametrize(("tf32", "expected"), [("none", (0, 0)), ("convolutions", (1, 0)), ("all", (1, 1))])
def test_tf32_is_set_by_name_and_written_down(job, tf32, expected):
    folder = job("a", iterations=1, tf32=tf32)
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == expected
    assert read_json(folder / "record.json")["tf32"] == tf32


def test_the_default_is_pytorchs_own(job):
    script = "import torch; print(torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32)"
    import subprocess
    import sys

    assert subprocess.check_output([sys.executable, "-c", script], text=True).split() == ["True", "False"]
    job("a", iterations=1)
    assert torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32


def test_another_format_is_another_training(job, capsys):
    contents(job("a", iterations=2))
    job("a", iterations=4, precision=MIXED)
    assert "training.precision" in capsys.readouterr().out
    assert np.isfinite([float(row["l1"]) for row in read_rows(job("b", iterations=1) / "losses.csv")]).all()
