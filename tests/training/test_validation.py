"""Validation scores against arithmetic done by hand."""

import math

import pytest
import torch

from lacuna.training.validation import measure


def test_scores_of_composite_raw_hole_and_valid_part():
    image = torch.full((1, 3, 4, 6), 0.5)
    mask = torch.zeros(1, 1, 4, 6)
    mask[..., :2, :3] = 1  # 6 of 24 pixels
    raw = image + 0.1
    raw[..., :2, :3] = 0.7
    scores = {name: float(value) for name, value in measure(raw, image, mask).items()}
    assert scores["l1_hole"] == pytest.approx(0.2, abs=1e-6)
    assert scores["l1_valid"] == pytest.approx(0.1, abs=1e-6)
    assert scores["l1"] == pytest.approx(0.2 * 6 / 24, abs=1e-6)
    assert scores["l1_raw"] == pytest.approx((0.2 * 6 + 0.1 * 18) / 24, abs=1e-6)
    assert scores["psnr"] == pytest.approx(-10 * math.log10(0.04 * 6 / 24), abs=1e-4)
    assert scores["psnr_raw"] == pytest.approx(-10 * math.log10((0.04 * 6 + 0.01 * 18) / 24), abs=1e-4)


def test_raw_predictions_are_clamped_first_and_no_hole_has_a_finite_score():
    image = torch.ones(2, 3, 4, 6)
    scores = measure(image + 3, image, torch.zeros(2, 1, 4, 6))
    assert scores["l1_raw"].tolist() == [0, 0] and scores["psnr"].tolist() == [100, 100]
    assert scores["l1_hole"].tolist() == [0, 0]
