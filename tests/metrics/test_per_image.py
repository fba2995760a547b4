"""Each metric against hand arithmetic or a third party, on pictures that are not square."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from lacuna.backbones.catalogue import BACKBONES
from lacuna.errors import LacunaError
from lacuna.metrics.facts import METRICS
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.per_image.l1 import l1
from lacuna.metrics.per_image.l2 import l2
from lacuna.metrics.per_image.lpips_alex import lpips_alex
from lacuna.metrics.per_image.ms_ssim import ms_ssim
from lacuna.metrics.per_image.psnr import PSNR_CAP, psnr
from lacuna.metrics.per_image.ssim import ssim
from lacuna.metrics.scoring import score_batch

PIXELS = ["psnr", "ssim", "l1", "l2"]


@pytest.fixture
def pictures():
    """Two pictures of 21×34 pixels and noisy versions of them."""
    random = np.random.default_rng(7)
    truths = random.integers(0, 256, (2, 21, 34, 3), dtype=np.uint8)
    noise = random.integers(-40, 41, truths.shape)
    return np.clip(truths + noise, 0, 255).astype(np.uint8), truths


def test_psnr_is_scikit_images(pictures):
    predictions, truths = pictures
    for value, prediction, truth in zip(psnr(predictions[None], truths)[0][0], predictions, truths, strict=True):
        assert value == pytest.approx(peak_signal_noise_ratio(truth, prediction, data_range=255), abs=1e-9)


def test_ssim_is_scikit_images(pictures):
    predictions, truths = pictures
    values, maps = ssim(predictions[None], truths)
    for value, found, prediction, truth in zip(values[0], maps[0], predictions, truths, strict=True):
        reference, full = structural_similarity(truth, prediction, data_range=255, channel_axis=-1, full=True)
        assert value == pytest.approx(reference, abs=1e-7)
        assert abs(found - full.mean(axis=2)).max() < 2e-6


@pytest.mark.parametrize("damage", [2, 60])
def test_ssim_loses_no_digits_on_flat_pictures(damage):
    """Large means and tiny variances: what single precision cancels away unless the sums are exact."""
    random = np.random.default_rng(5)
    truth = (250 + random.integers(0, 3, (29, 41, 3))).astype(np.uint8)
    prediction = (truth - random.integers(0, damage, truth.shape)).astype(np.uint8)
    reference = structural_similarity(truth, prediction, data_range=255, channel_axis=-1)
    assert ssim(prediction[None, None], truth[None])[0][0, 0] == pytest.approx(reference, abs=1e-6)


def test_ms_ssim_is_torchmetrics():
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

    random = np.random.default_rng(8)
    truths = random.integers(0, 256, (2, 8, 10, 3), dtype=np.uint8).repeat(23, axis=1).repeat(21, axis=2)  # 184×210
    predictions = np.clip(truths + random.normal(0, 60, truths.shape), 0, 255).astype(np.uint8)
    as_theirs = [torch.from_numpy(a.transpose(0, 3, 1, 2).copy()).double() / 255 for a in (predictions, truths)]
    expected = multiscale_structural_similarity_index_measure(*as_theirs, data_range=1.0, reduction="none")
    values, maps = ms_ssim(np.stack([predictions, truths]), truths)
    assert maps is None
    assert values[0] == pytest.approx(expected.numpy(), abs=1e-6)
    assert values[1] == pytest.approx([1, 1])
    assert 0.05 < values[0].min() < 0.95


def test_ms_ssim_of_opposite_pictures_is_zero_not_complex():
    checks = (np.indices((176, 180)).sum(axis=0) % 2 * 255).astype(np.uint8)[None, ..., None].repeat(3, axis=3)
    assert ms_ssim(255 - checks[None], checks)[0][0, 0] == 0


def test_several_predictions_read_what_each_reads_alone(pictures):
    predictions, truths = pictures
    both = np.stack([predictions, truths[::-1]])
    for name in PIXELS:
        values, maps = METRICS[name].measure(both, truths)
        for k in range(2):
            alone, map_alone = METRICS[name].measure(both[k : k + 1], truths)
            assert np.array_equal(values[k], alone[0]) and np.array_equal(maps[k], map_alone[0])
        assert not np.allclose(values[0], values[1])


def test_l2_is_the_mean_squared_error_that_psnr_is_made_of(pictures):
    predictions, truths = pictures
    expected = ((predictions / 255 - truths / 255) ** 2).mean(axis=(1, 2, 3))
    assert l2(predictions[None], truths)[0][0] == pytest.approx(expected, rel=1e-12)
    assert psnr(predictions[None], truths)[0][0] == pytest.approx(-10 * np.log10(expected))


def test_l1_by_hand():
    truth = np.zeros((1, 2, 5, 3), np.uint8)
    prediction = truth.copy()
    prediction[0, 1, 4] = (51, 0, 255)
    values, maps = l1(prediction[None], truth)
    assert maps.shape == (1, 1, 2, 5)
    assert maps[0, 0, 1, 4] == pytest.approx((0.2 + 0 + 1) / 3)
    assert values[0, 0] == pytest.approx(1.2 / 30)


def test_bytes_are_not_subtracted_with_wrap_around():
    black, white = np.zeros((1, 8, 9, 3), np.uint8), np.full((1, 8, 9, 3), 255, np.uint8)
    assert l1(black[None], white)[0] == l1(white[None], black)[0] == 1.0
    assert l2(black[None], white)[0] == l2(white[None], black)[0] == 1.0
    assert psnr(black[None], white)[0] == psnr(white[None], black)[0] == 0.0


@pytest.mark.parametrize("name", PIXELS)
def test_identical_pictures_read_the_finite_best(name, pictures):
    _, truths = pictures
    best = {"psnr": PSNR_CAP, "ssim": 1.0, "l1": 0.0, "l2": 0.0}[name]
    values, maps = METRICS[name].measure(truths[None], truths)
    assert values.tolist() == [[best] * 2]
    assert METRICS[name].from_mean(maps[0, 0].mean()) == best


@pytest.mark.parametrize("name", PIXELS)
def test_the_hole_counts_only_the_hole(name, pictures):
    _, truths = pictures
    masks = np.zeros(truths.shape[:3], bool)
    masks[:, 2:7, 20:31] = True  # asymmetric, off centre
    outside, inside = truths.copy(), truths.copy()
    outside[:, 12:, :5] = 255 - outside[:, 12:, :5]  # further from the hole than any window reaches
    inside[:, 3, 25] = 255 - inside[:, 3, 25]
    perfect = score_batch([METRICS[name]], truths[None], truths, masks, "")[name]
    damaged_outside = score_batch([METRICS[name]], outside[None], truths, masks, "")[name]
    damaged_inside = score_batch([METRICS[name]], inside[None], truths, masks, "")[name]
    assert damaged_outside["hole"][0] == pytest.approx(perfect["hole"][0])
    assert damaged_outside["boundary"][0] == pytest.approx(perfect["boundary"][0])
    assert damaged_outside["image"][0] != pytest.approx(perfect["image"][0])
    assert METRICS[name].is_better(perfect["hole"][0][0], damaged_inside["hole"][0][0])


def test_psnr_of_the_hole_divides_by_hole_pixels_and_three_channels():
    truth = np.zeros((1, 9, 13, 3), np.uint8)
    prediction, mask = truth.copy(), np.zeros((1, 9, 13), bool)
    mask[0, 1:3, 4:9] = True  # ten pixels
    prediction[0, 1, 4] = (255, 0, 0)
    expected = 10 * math.log10(10 * 3 / 1)
    assert score_batch([METRICS["psnr"]], prediction[None], truth, mask, "")["psnr"]["hole"][0][0] == pytest.approx(
        expected
    )


def test_ssim_of_the_hole_is_the_mean_of_scikit_images_map(pictures):
    predictions, truths = pictures
    masks = np.zeros(truths.shape[:3], bool)
    masks[:, 0:4, 30:] = True
    value = score_batch([METRICS["ssim"]], predictions[None], truths, masks, "")["ssim"]["hole"][0][1]
    _, full = structural_similarity(truths[1], predictions[1], data_range=255, channel_axis=-1, full=True)
    assert value == pytest.approx(full[masks[1]].mean(), abs=1e-6)


@pytest.mark.parametrize("name", PIXELS)
def test_an_empty_hole_has_no_value(name, pictures):
    predictions, truths = pictures
    masks = np.zeros(truths.shape[:3], bool)
    masks[1, 5, 6] = True
    values = score_batch([METRICS[name]], predictions[None], truths, masks, "")[name]
    for region in ("hole", "boundary"):
        assert values[region][0][0] is None
        assert values[region][0][1] is not None


def test_a_metric_without_a_map_has_no_value_in_the_hole(pictures):
    from dataclasses import replace

    predictions, truths = pictures
    masks = np.ones(truths.shape[:3], bool)
    whole_only = replace(METRICS["l1"], measure=lambda a, b: (l1(a, b)[0], None))
    assert set(score_batch([whole_only], predictions[None], truths, masks, "")[whole_only.name]) == {"image"}


def test_small_pictures_are_refused_with_a_sentence():
    small = np.zeros((1, 6, 40, 3), np.uint8)
    with pytest.raises(LacunaError, match="at least 7×7 pixels, but these are 40×6"):
        ssim(small[None], small)
    with pytest.raises(LacunaError, match="at least 31×31 pixels"):
        lpips_alex(small[None], small, backbones="")
    small = np.zeros((1, 175, 400, 3), np.uint8)
    with pytest.raises(LacunaError, match="at least 176×176 pixels, but these are 400×175; .* drop 'ms_ssim'"):
        ms_ssim(small[None], small)


def test_an_unknown_metric_is_refused_with_the_nearest_name():
    with pytest.raises(LacunaError, match="did you mean 'psnr'"):
        metric_by_name("pnsr")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_states_its_facts(name):
    facts = METRICS[name]
    assert facts.name == name
    assert facts.direction in ("higher", "lower")
    assert facts.range[0] < facts.range[1]
    assert facts.space
    assert facts.note.endswith(".")
    assert set(facts.backbones) <= BACKBONES.keys() and (name in facts.backbones or not facts.backbones)


def test_facts_need_no_numpy():
    import subprocess
    import sys

    code = "import sys, lacuna.metrics.per_image; assert not {'numpy', 'torch', 'scipy', 'cv2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_lpips_is_given_channels_first_in_zero_to_one_and_the_truth_once(monkeypatch):
    from lacuna.metrics.per_image import _lpips

    random = np.random.default_rng(1)
    images = random.integers(0, 256, (3, 3, 33, 47, 3), dtype=np.uint8)
    predictions, truths = images[:2], images[2]
    seen = []

    class Network:
        def features(self, batch):
            seen.append(batch)
            return batch

        def compare(self, a, b, size):
            assert size == (33, 47)
            return a[:, 0, 5, 40], b[:, 2]

    monkeypatch.setattr(_lpips, "_network", lambda network, folder, device: Network())
    monkeypatch.setattr(_lpips, "_PIXELS", {"alex": 2 * 33 * 47})  # two images at once, then one
    values, maps = lpips_alex(predictions, truths, backbones="")
    assert values == pytest.approx(predictions[:, :, 5, 40, 0] / 255)
    assert maps[0] == pytest.approx(truths[..., 2] / 255)
    assert [len(batch) for batch in seen] == [2, 2, 2, 1, 1, 1]
