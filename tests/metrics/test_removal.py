"""Metrics of removal without a truth: squares, patches and formulas by hand, and that they rank what is obvious."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lacuna.config import validate
from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.metrics.distances import gaussian_discrepancy
from lacuna.metrics.embedding import Embedding
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.removal import (
    Patches,
    Square,
    coherence,
    hole_patches,
    parts_of,
    patches_of,
    similarity,
    square_around,
)
from lacuna.metrics.scoring import score_batch, score_rows
from tests.config.bad_inputs import default


class Means(nn.Module):
    """Of each patch of 4×4 pixels the channels' means and deviations, after one token of the whole picture."""

    def forward(self, images):
        patches = nn.functional.unfold(images, 4, stride=4).reshape(images.shape[0], 3, 16, -1)
        of_each = torch.cat([patches.mean(2), patches.std(2) + 0.1], 1).transpose(1, 2)
        return torch.cat([of_each.mean(1, keepdim=True), of_each], 1)


@pytest.fixture
def entry(tmp_path):
    """`entry(size)`: the settings of that network for pictures of this size."""

    def make(size=(40, 24), **changes) -> dict:
        path = tmp_path / f"network_{size[0]}.pt"
        if not path.exists():
            torch.jit.trace(Means(), torch.rand(1, 3, *size[::-1])).save(str(path))
        zeros_ones = {"mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]}
        return {"path": str(path), "sha256": sha256_of(path), "size": list(size), **zeros_ones, "patch": 4, **changes}

    return make


def hole_of(height: int, width: int, *rectangles: tuple[int, int, int, int]) -> np.ndarray:
    found = np.zeros((height, width), bool)
    for top, bottom, left, right in rectangles:
        found[top:bottom, left:right] = True
    return found


def test_the_square_is_a_third_wider_and_inside():
    assert square_around(hole_of(60, 90, (20, 29, 40, 46))) == Square(17, 36, 15)  # 9 + 2·3 around (24.5, 43)
    assert square_around(hole_of(60, 90, (0, 9, 84, 90))) == Square(0, 75, 15)
    assert square_around(hole_of(30, 90, (10, 12, 5, 80))) == Square(0, 28, 30)  # no wider than the shorter side
    array = np.arange(60 * 90).reshape(60, 90)
    assert np.array_equal(Square(17, 36, 15).of(array), array[17:32, 36:51])


def test_parts_are_connected_by_sides_and_small_ones_are_left_out():
    hole = hole_of(60, 90, (0, 20, 0, 15), (20, 30, 15, 35), (50, 55, 80, 85))  # the first two touch at a corner
    assert [int(part.sum()) for part in parts_of(hole)] == [300, 200]
    assert [int(part.sum()) for part in parts_of(hole_of(60, 90, (0, 4, 0, 5), (10, 12, 0, 3)))] == [20]


def test_patches_have_their_place_and_their_part_of_the_hole(entry):
    embedding = Embedding("mine", entry())
    picture = np.zeros((24, 40, 3), np.uint8)
    picture[8:12, 36:40] = 200, 100, 0  # the patch in row 2, column 9
    hole = hole_of(24, 40, (11, 13, 35, 36))  # two pixels, in rows 2 and 3 of column 8
    (found,) = patches_of(embedding, [picture], [hole])
    assert found.features.shape == (6, 10, 6) and found.hole.shape == (6, 10)
    assert np.argwhere(found.features[..., 0] > 0).tolist() == [[2, 9]]
    np.testing.assert_allclose(found.features[2, 9], [200 / 255, 100 / 255, 0, 0.1, 0.1, 0.1], atol=1e-6)
    assert np.argwhere(found.hole).tolist() == [[2, 8], [3, 8]]


def test_wrong_patches_are_said(entry):
    picture, hole = np.zeros((9, 9, 3), np.uint8), hole_of(9, 9, (1, 3, 1, 4))
    with pytest.raises(LacunaError, match="answers 61 patches, but 20×12 of 2 pixels fit"):
        patches_of(Embedding("mine", entry(patch=2)), [picture], [hole])
    with pytest.raises(LacunaError, match="backbones.mine has no 'patch'"):
        patches_of(Embedding("mine", entry(patch=None)), [picture], [hole])


def test_similarity_by_hand():
    features = np.zeros((2, 3, 2))
    features[0, 0], features[0, 1] = (3, 0), (1, 2)  # the hole: its mean is (2, 1)
    features[1, 2] = 0, 4  # the others: their mean is (0, 1)
    hole = np.array([[True, True, False], [False, False, False]])
    assert similarity(Patches(features, hole)) == pytest.approx(1 / math.sqrt(5), abs=1e-12)
    with pytest.raises(LacunaError, match="has no direction"):
        similarity(Patches(features * 0, hole))


def test_coherence_by_windows():
    """A grid of 32 patches has windows of 8, every 4. The hole: columns 0 to 9 of all rows."""
    features = np.random.default_rng(0).normal(size=(32, 32, 5))
    hole = np.zeros((32, 32), bool)
    hole[:, :10] = True
    context, expected = features[:, 10:].reshape(-1, 5), []
    for top in range(0, 25, 4):
        rows = slice(top, top + 8)
        expected.append(gaussian_discrepancy(features[rows, 0:8].reshape(-1, 5), context))  # hole alone
        for left in (4, 8):  # columns 4 to 11 and 8 to 15
            inside, outside = features[rows, left:10].reshape(-1, 5), features[rows, 10 : left + 8].reshape(-1, 5)
            expected.append(gaussian_discrepancy(inside, outside))
    assert coherence(Patches(features, hole)) == pytest.approx(math.exp(-np.mean(expected) / 3), rel=1e-12)


def test_on_a_coarse_grid_the_whole_hole_is_compared():
    features = np.random.default_rng(0).normal(size=(6, 8, 5))
    hole = hole_of(6, 8, (2, 4, 3, 7))
    expected = math.exp(-gaussian_discrepancy(features[hole], features[~hole]) / 3)
    assert coherence(Patches(features, hole)) == pytest.approx(expected, rel=1e-12)


def test_the_parts_of_a_hole_are_looked_at_apart(entry):
    """Two holes of 16×16; in each its own texture, or the one's in the other."""
    random, embedding = np.random.default_rng(1), Embedding("mine", entry((64, 64)))
    left, right = random.integers(0, 60, (64, 64, 3)), random.integers(160, 255, (64, 64, 3))
    picture = np.concatenate([left, right], axis=1).astype(np.uint8)
    holes = [hole_of(64, 128, (20, 36, start, start + 16)) for start in (24, 84)]
    swapped = picture.copy()
    swapped[20:36, 24:40], swapped[20:36, 84:100] = picture[20:36, 84:100], picture[20:36, 24:40]
    metric, values = metric_by_name("remove_coherence_mine"), []
    for some in ([0, 1], [0], [1]):
        hole = np.logical_or.reduce([holes[i] for i in some])
        predictions = np.stack([picture, swapped])[:, None]
        values.append(metric.measure(predictions, predictions[0], holes=hole[None], embedding=embedding)[0][:, 0])
    both, one, other = values
    np.testing.assert_allclose(both, (one + other) / 2, rtol=1e-6)
    assert both[0] > both[1] and one[0] > one[1] and other[0] > other[1] and abs(one[1] - other[1]) > 1e-4


@pytest.mark.parametrize("name", ["remove_similarity_mine", "remove_coherence_mine"])
def test_a_fill_of_its_context_is_better_than_an_object(name, entry):
    """Through the scoring: two images, each with two predictions; of the second, the hole is its square's all."""
    random, embedding = np.random.default_rng(1), Embedding("mine", entry((64, 64)))
    texture = random.integers(60, 160, (2, 50, 70, 3)).astype(np.uint8)
    hole = hole_of(50, 70, (15, 33, 20, 44))
    objects = texture.copy()
    objects[:, 15:33, 20:44] = 250, 20, 20
    objects[1, :, 50:] = 250, 20, 20
    holes = np.stack([hole, hole_of(50, 70, (0, 50, 50, 70))])
    metric = metric_by_name(name)
    found = score_batch([metric], np.stack([texture, objects]), texture, holes, "nowhere", "cpu", {"mine": embedding})
    assert found[name].keys() == {"image"}
    low, high = metric.range
    for filled, with_object in zip(*found[name]["image"], strict=True):
        assert low <= with_object < filled <= high
    assert metric.title.endswith("(mine)") and metric.reference_free


def test_a_square_without_context_is_widened_to_the_picture(entry):
    hole, embedding = hole_of(40, 70, (0, 40, 25, 50)), Embedding("mine", entry((64, 64)))
    square = square_around(hole)
    assert square.side == 40 and not hole_patches(embedding, square.of(hole)).all()
    full = hole_of(40, 70, (0, 40, 10, 60))  # its square is 40 wide, and all of it is hole
    assert hole_patches(embedding, square_around(full).of(full)).all()
    picture = np.random.default_rng(3).integers(0, 256, (40, 70, 3)).astype(np.uint8)
    given = {"holes": full[None], "embedding": embedding}
    value = metric_by_name("remove_similarity_mine").measure(picture[None, None], picture[None], **given)[0][0, 0]
    (whole,) = patches_of(embedding, [picture], [full])
    assert value == similarity(whole)


@pytest.mark.parametrize(
    ("columns", "why"), [((0, 0), "it has no hole"), ((0, 40), "no patch of mine is without a pixel of the hole")]
)
def test_a_mask_that_leaves_nothing_to_judge_is_named(columns, why, entry, tmp_path):
    files = [str(tmp_path / f"{name}.png") for name in ("image", "mask", "raw")]
    mask = hole_of(24, 40, (0, 24, *columns))
    for path, values in zip(files, (np.zeros((24, 40, 3)), 255 * mask, np.ones((24, 40, 3))), strict=True):
        Image.fromarray(values.astype(np.uint8)).save(path)
    settings = {"system": "s", "source": "t", "test_set": "u", "metrics": ["remove_coherence_mine"]}
    with pytest.raises(LacunaError, match=f"cannot judge a fill of .*mask.png, because {why}"):
        list(score_rows(settings | {"embeddings": {"mine": entry()}}, [tuple(files)], "nowhere"))


def test_what_a_config_may_say():
    mine = {"path": "x.pt", "sha256": "0" * 64, "size": 224, "patch": 14}
    base, metrics = default(), ["psnr", "remove_similarity_mine"]
    validate(base | {"metrics": metrics, "backbones": {"mine": mine}})
    with pytest.raises(LacunaError, match="of the backbone 'mine', which 'backbones' does not name"):
        validate(base | {"metrics": metrics})
    without = {name: mine[name] for name in ("path", "sha256", "size")}
    with pytest.raises(LacunaError, match="compares patches, but backbones.mine has no 'patch'"):
        validate(base | {"metrics": metrics, "backbones": {"mine": without}})
    with pytest.raises(LacunaError, match="metrics begins with 'remove_similarity_mine'"):
        validate(base | {"metrics": metrics[::-1], "backbones": {"mine": mine}})


def test_a_run_reads_the_file_where_it_scores_and_exports_without_it(entry, tmp_path):
    from lacuna.plan import Plan

    config = default() | {"metrics": ["psnr", "remove_coherence_mine"], "backbones": {"mine": entry()}}
    plan = Plan(config, cache_folder=tmp_path / "cache")
    score = plan.score("telea", "untrained")
    assert score.inputs["embeddings"] == (entry()["path"],) and score.settings["embeddings"]["mine"]["patch"] == 4
    assert plan.verify_export("madf", "place2").settings["metrics"] == ["psnr"]
    plain = Plan(default(), cache_folder=tmp_path / "cache").score("telea", "untrained")
    assert "embeddings" not in plain.settings and "embeddings" not in plain.inputs
