"""Each metric against hand arithmetic or a third party, on pictures that are not square."""

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from lacuna.errors import LacunaError
from lacuna.metrics.facts import METRICS
from lacuna.metrics.per_image import PSNR_CAP, l1, lpips_alex, named, psnr, ssim
from lacuna.metrics.scoring import score_batch

PIXELS = ["psnr", "ssim", "l1"]


@pytest.fixture
def pictures():
    """Two pictures of 21×34 pixels and noisy versions of them."""
    random = np.random.default_rng(7)
    truths = random.integers(0, 256, (2, 21, 34, 3), dtype=np.uint8)
    noise = random.integers(-40, 41, truths.shape)
    return np.clip(truths + noise, 0, 255).astype(np.uint8), truths


def test_psnr_is_scikit_images(pictures):
    predictions, truths = pictures
    for value, prediction, truth in zip(psnr(predictions, truths)[0], predictions, truths, strict=True):
        assert value == pytest.approx(peak_signal_noise_ratio(truth, prediction, data_range=255), abs=1e-9)


def test_ssim_is_scikit_images(pictures):
    predictions, truths = pictures
    for value, prediction, truth in zip(ssim(predictions, truths)[0], predictions, truths, strict=True):
        reference = structural_similarity(truth, prediction, data_range=255, channel_axis=-1)
        assert value == pytest.approx(reference, abs=1e-9)


def test_l1_by_hand():
    truth = np.zeros((1, 2, 5, 3), np.uint8)
    prediction = truth.copy()
    prediction[0, 1, 4] = (51, 0, 255)
    values, maps = l1(prediction, truth)
    assert maps.shape == (1, 2, 5)
    assert maps[0, 1, 4] == pytest.approx((0.2 + 0 + 1) / 3)
    assert values[0] == pytest.approx(1.2 / 30)


def test_bytes_are_not_subtracted_with_wrap_around():
    black, white = np.zeros((1, 8, 9, 3), np.uint8), np.full((1, 8, 9, 3), 255, np.uint8)
    assert l1(black, white)[0][0] == l1(white, black)[0][0] == 1.0
    assert psnr(black, white)[0][0] == psnr(white, black)[0][0] == 0.0


@pytest.mark.parametrize("name", PIXELS)
def test_identical_pictures_read_the_finite_best(name, pictures):
    _, truths = pictures
    best = {"psnr": PSNR_CAP, "ssim": 1.0, "l1": 0.0}[name]
    values, maps = METRICS[name].measure(truths, truths)
    assert values == pytest.approx([best] * 2)
    assert METRICS[name].from_mean(maps[0].mean()) == pytest.approx(best)


@pytest.mark.parametrize("name", PIXELS)
def test_the_hole_counts_only_the_hole(name, pictures):
    _, truths = pictures
    masks = np.zeros(truths.shape[:3], bool)
    masks[:, 2:7, 20:31] = True  # asymmetric, off centre
    outside, inside = truths.copy(), truths.copy()
    outside[:, 12:, :5] = 255 - outside[:, 12:, :5]  # further from the hole than any window reaches
    inside[:, 3, 25] = 255 - inside[:, 3, 25]
    perfect = score_batch(METRICS[name], truths, truths, masks, "")
    damaged_outside = score_batch(METRICS[name], outside, truths, masks, "")
    damaged_inside = score_batch(METRICS[name], inside, truths, masks, "")
    assert damaged_outside["hole"] == pytest.approx(perfect["hole"])
    assert damaged_outside["image"] != pytest.approx(perfect["image"])
    assert METRICS[name].is_better(perfect["hole"][0], damaged_inside["hole"][0])


def test_psnr_of_the_hole_divides_by_hole_pixels_and_three_channels():
    truth = np.zeros((1, 9, 13, 3), np.uint8)
    prediction, mask = truth.copy(), np.zeros((1, 9, 13), bool)
    mask[0, 1:3, 4:9] = True  # ten pixels
    prediction[0, 1, 4] = (255, 0, 0)
    expected = 10 * math.log10(10 * 3 / 1)
    assert score_batch(METRICS["psnr"], prediction, truth, mask, "")["hole"][0] == pytest.approx(expected)


def test_ssim_of_the_hole_is_the_mean_of_scikit_images_map(pictures):
    predictions, truths = pictures
    masks = np.zeros(truths.shape[:3], bool)
    masks[:, 0:4, 30:] = True
    value = score_batch(METRICS["ssim"], predictions, truths, masks, "")["hole"][1]
    _, full = structural_similarity(truths[1], predictions[1], data_range=255, channel_axis=-1, full=True)
    assert value == pytest.approx(full[masks[1]].mean(), abs=1e-9)


@pytest.mark.parametrize("name", PIXELS)
def test_an_empty_hole_has_no_value(name, pictures):
    predictions, truths = pictures
    masks = np.zeros(truths.shape[:3], bool)
    masks[1, 5, 6] = True
    hole = score_batch(METRICS[name], predictions, truths, masks, "")["hole"]
    assert hole[0] is None
    assert hole[1] is not None


def test_a_metric_without_a_map_has_no_value_in_the_hole(pictures):
    from dataclasses import replace

    predictions, truths = pictures
    masks = np.ones(truths.shape[:3], bool)
    whole_only = replace(METRICS["l1"], measure=lambda a, b: (l1(a, b)[0], None))
    assert set(score_batch(whole_only, predictions, truths, masks, "")) == {"image"}


def test_small_pictures_are_refused_with_a_sentence():
    small = np.zeros((1, 6, 40, 3), np.uint8)
    with pytest.raises(LacunaError, match="at least 7×7 pixels, but these are 40×6"):
        ssim(small, small)
    with pytest.raises(LacunaError, match="at least 31×31 pixels"):
        lpips_alex(small, small, backbones="")


def test_an_unknown_metric_is_refused_with_the_nearest_name():
    with pytest.raises(LacunaError, match="did you mean 'psnr'"):
        named("pnsr")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_states_its_facts(name):
    facts = METRICS[name]
    assert facts.name == name
    assert facts.direction in ("higher", "lower")
    assert facts.range[0] < facts.range[1]
    assert facts.space
    assert facts.note.endswith(".")
    assert facts.network is None or facts.network in name


def test_facts_need_no_numpy():
    import subprocess
    import sys

    code = "import sys, lacuna.metrics.per_image; assert not {'numpy', 'torch', 'skimage'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_lpips_is_given_channels_first_in_zero_to_one(monkeypatch):
    from lacuna.metrics import per_image

    random = np.random.default_rng(1)
    predictions, truths = random.integers(0, 256, (2, 3, 33, 47, 3), dtype=np.uint8)
    monkeypatch.setattr(per_image, "_lpips", lambda network, folder: lambda a, b: (a[:, 0, 5, 40], b[:, 2]))
    values, maps = lpips_alex(predictions, truths, backbones="")
    assert values == pytest.approx(predictions[:, 5, 40, 0] / 255)
    assert maps == pytest.approx(truths[..., 2] / 255)
