"""Metrics of sets behind a network of the user's: the file, the formulas by hand, and a run's names for them."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lacuna.config import validate
from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.metrics.distances import frechet_distance, gaussian_discrepancy
from lacuna.metrics.embedding import Embedding
from lacuna.metrics.per_set import set_metric_by_name
from tests.config.bad_inputs import default
from tests.data.test_truths import config


class Channels(nn.Module):
    """The mean of each channel, and of the first one's upper half."""

    def forward(self, images):
        return torch.cat([images.mean((2, 3)), images[:, :1, : images.shape[2] // 2].mean((2, 3))], 1)


@pytest.fixture
def entry(tmp_path):
    """`entry(suffix)`: the settings of that network in a file."""

    def make(suffix: str = ".pt", network: nn.Module | None = None, **changes) -> dict:
        path = tmp_path / f"network{suffix}"
        picture = torch.rand(2, 3, 6, 10)
        if suffix == ".onnx":
            names = {"input_names": ["pixels"], "output_names": ["answer"], "dynamic_axes": {"pixels": {0: "n"}}}
            torch.onnx.export(network or Channels(), (picture,), str(path), dynamo=False, **names)
        else:
            torch.jit.trace(network or Channels(), picture).save(str(path))
        mean_std = {"mean": [0.5, 0.25, 0.0], "std": [0.5, 1.0, 2.0]}
        return {"path": str(path), "sha256": sha256_of(path), "size": [10, 6], **mean_std, **changes}

    return make


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_pictures_are_resized_scaled_and_answered(suffix, entry):
    embedding = Embedding("mine", entry(suffix))
    picture = np.zeros((6, 10, 3), np.uint8)
    picture[:3, :, 0] = 255  # the upper half is red
    picture[..., 2] = 51
    prepared = embedding.prepare(picture)
    assert prepared.shape == (3, 6, 10) and prepared.dtype == np.float32
    answers = embedding.vectors(np.stack([prepared, embedding.prepare(picture[::-1])]))
    assert answers.dtype == np.float32
    expected = [[0, -0.25, 0.1, 1], [0, -0.25, 0.1, -1]]
    np.testing.assert_allclose(answers, expected, atol=1e-6)
    wider = embedding.prepare(picture.repeat(3, axis=1)[:, ::-1])
    np.testing.assert_allclose(wider[:, :, 4:6], prepared[:, :, 4:6], atol=1e-6)


def test_another_file_is_refused(entry):
    with pytest.raises(LacunaError, match=r"has the SHA-256 [0-9a-f]{64}, but backbones.mine expects 0000"):
        Embedding("mine", entry(sha256="0" * 64))
    with pytest.raises(LacunaError, match="backbones.mine names nowhere.pt, which does not exist"):
        Embedding("mine", entry(path="nowhere.pt"))


def test_what_is_no_network_or_gives_no_vectors_is_refused(entry, tmp_path):
    (tmp_path / "text.pt").write_text("no network")
    other = {"path": str(tmp_path / "text.pt"), "sha256": sha256_of(tmp_path / "text.pt")}
    with pytest.raises(LacunaError, match="cannot be read as TorchScript"):
        Embedding("mine", entry(**other))
    pictures = np.zeros((2, 3, 6, 10), np.float32)
    with pytest.raises(LacunaError, match="answers 2×3×6×10 for 2 pictures, but the metric takes N×D"):
        Embedding("mine", entry(network=nn.Identity())).vectors(pictures)
    with pytest.raises(LacunaError, match="not finite"):
        Embedding("mine", entry()).vectors(pictures + np.nan)


def test_cmmd_by_hand():
    x = np.array([[1.0, 0.0], [0.0, 2.0]])  # of unit length they are at right angles: |x - y|² = 2
    y = np.array([[3.0, 0.0], [5.0, 0.0], [-1.0, 0.0]])  # twice the first, and its opposite: |x - y|² = 4
    right, opposite = math.exp(-2 / 200), math.exp(-4 / 200)
    of_x = (2 + 2 * right) / 4
    of_y = (5 + 4 * opposite) / 9
    mixed = (2 * 1 + opposite + 3 * right) / 6
    assert gaussian_discrepancy(x, y) == pytest.approx(1000 * (of_x + of_y - 2 * mixed), rel=1e-9)
    assert gaussian_discrepancy(y, x) == pytest.approx(gaussian_discrepancy(x, y), rel=1e-12)
    assert gaussian_discrepancy(x, x[::-1]) == pytest.approx(0, abs=1e-9)
    with pytest.raises(LacunaError, match="has no direction"):
        gaussian_discrepancy(x * 0, y)


def test_cmmd_is_the_sum_over_all_pairs():
    random = np.random.default_rng(2)
    x, y = random.normal(size=(7, 5)), random.normal(size=(4, 5)) + 1
    x, y = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (x, y))

    def mean(a, b):
        return np.mean([math.exp(-((p - q) ** 2).sum() / 200) for p in a for q in b])

    assert gaussian_discrepancy(3 * x, y) == pytest.approx(1000 * (mean(x, x) + mean(y, y) - 2 * mean(x, y)), rel=1e-9)


def test_metrics_are_named_after_the_backbone():
    cmmd, fd = set_metric_by_name("cmmd_clip"), set_metric_by_name("fd_My-Net")
    assert (cmmd.name, cmmd.title, cmmd.network) == ("cmmd_clip", "CMMD's distance (clip)", "clip")
    assert (fd.network, fd.flag(100), fd.flag(3000)) == ("My-Net", "small-n", "")
    x, y = np.random.default_rng(0).normal(size=(2, 9, 3))
    assert cmmd.measure(x, y, None) == (gaussian_discrepancy(x, y), None)
    assert fd.measure(x, y, None) == (frechet_distance(x, y), None)
    assert set_metric_by_name("fid").network == "inception"
    with pytest.raises(LacunaError, match="no set metric 'cmmd'"):
        set_metric_by_name("cmmd")


def test_what_a_config_may_say():
    mine = {"path": "x.pt", "sha256": "0" * 64, "size": 224}
    base = config()
    del base["image_sets"]["paris_test"]["truth"], base["image_sets"]["clean"]
    validate(base | {"set_metrics": ["cmmd_clip", "fd_clip"], "backbones": {"clip": mine}})
    with pytest.raises(LacunaError, match="'cmmd_clip' is of the backbone 'clip', which 'backbones' does not name"):
        validate(base | {"set_metrics": ["cmmd_clip"]})
    with pytest.raises(LacunaError, match="sha256 is 'abc'; give the SHA-256 of the file: 64 digits"):
        validate(base | {"backbones": {"clip": mine | {"sha256": "abc"}}})
    with pytest.raises(LacunaError, match=r"set_metrics\[0\] is 'cmmd_'"):
        validate(base | {"set_metrics": ["cmmd_"]})


def test_a_run_reads_the_file_and_not_the_inception(entry, tmp_path, monkeypatch):
    from lacuna.plan import Plan

    mine = entry()

    def planned(**changes):
        small = {"image_size": 64, "set_metrics": ["cmmd_mine", "fd_mine"], "backbones": {"mine": mine}}
        return Plan(default() | small | changes, cache_folder=tmp_path / "cache")

    plan = planned()
    features, truth = plan.features("telea", "untrained"), plan.features_of_truth(plan.test_sets[0])
    for job in (features, truth):
        assert "backbones" not in job.inputs and job.inputs["embeddings"] == (str(tmp_path / "network.pt"),)
        assert job.settings["embeddings"]["mine"]["size"] == [10, 6] and not job.settings["inception"]
    assert features.digest == planned().features("telea", "untrained").digest
    (tmp_path / "network.pt").write_text("another")
    assert features.digest != planned().features("telea", "untrained").digest
    both = planned(set_metrics=["cmmd_mine", "fid"]).features("telea", "untrained")
    assert "inception.pt" in both.inputs["backbones"][0] and len(both.inputs["embeddings"]) == 1


def test_features_hold_every_network_and_rows_are_named(entry, tmp_path):
    from lacuna.metrics.features import Features, extract
    from lacuna.metrics.set_scoring import set_rows

    files, random = [], np.random.default_rng(5)
    for number in range(5):
        paths = [str(tmp_path / f"{number}_{what}.png") for what in ("truth", "mask", "raw")]
        mask = np.zeros((8, 14), np.uint8)
        mask[2:5, 3 : 6 + number] = 255
        for path, values in zip(
            paths, (random.integers(0, 256, (8, 14, 3)), mask, np.full((8, 14, 3), 90)), strict=True
        ):
            Image.fromarray(values.astype(np.uint8)).save(path)
        files.append(tuple(paths))
    one = entry()
    embeddings = {"one": one, "two": one | {"mean": [0.0, 0.0, 0.0]}}
    of = extract(files, ["raw", "composite", "truth"], "nowhere", "cpu", inception=False, embeddings=embeddings)
    assert {name: array.shape for name, array in of.items()} == {
        f"{label}/{kind}": (5, 4) for label in ("one", "two") for kind in ("raw", "composite", "truth")
    }
    assert np.ptp(of["one/raw"], axis=0).max() == 0 and np.ptp(of["one/composite"], axis=0).min() > 0
    about = {"system": "s", "source": "t", "test_set": "u"}, "digest", list(range(5))
    truth = Features({name: of.pop(name) for name in ("one/truth", "two/truth")}, *about)
    rows = list(set_rows({**about[0], "metrics": ["cmmd_one", "fd_two"]}, Features(of, *about), truth))
    assert [(row["prediction"], row["metric"]) for row in rows] == [
        ("raw", "cmmd_one"), ("raw", "fd_two"), ("composite", "cmmd_one"), ("composite", "fd_two"),
    ]  # fmt: skip
    assert rows[0]["value"] == gaussian_discrepancy(of["one/raw"], truth.of["one/truth"]) > rows[2]["value"] > 0
    with pytest.raises(LacunaError, match="not of raw; extract those"):
        list(set_rows({**about[0], "metrics": ["fid"]}, Features(of, *about), truth))
