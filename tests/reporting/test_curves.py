"""Figures of curves: the same bytes twice, trends that are means, and refusals."""

import numpy as np
import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.reporting.aggregation import read_scores, with_photographs
from lacuna.reporting.figures import training_curves as curves
from lacuna.reporting.figures.metric_by_coverage import draw_coverage
from lacuna.reporting.titles import reading_of
from tests.reporting.made_up import TITLES, make_training


@pytest.fixture
def files(tmp_path):
    for source in ("place2", "celeba"):
        make_training(tmp_path, "aotgan", source, (8, 12), np.random.default_rng(1))
    return [sorted(tmp_path.glob(f"training/*/*/{name}.csv")) for name in ("losses", "validation")]


def test_curves_have_the_same_bytes_twice(files, tmp_path):
    curves.draw_curves(TITLES, *files, tmp_path / "a.png")
    curves.draw_curves(TITLES, *(paths[::-1] for paths in files), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_negative_losses_can_be_drawn(files, tmp_path):
    table = pd.read_csv(files[0][0])
    table["adversarial"] *= -1
    table.to_csv(files[0][0], index=False)
    curves.draw_curves(TITLES, *files, tmp_path / "a.png")
    assert (tmp_path / "a.png").exists()


def test_smoothing_keeps_the_mean_and_the_names():
    steps = np.arange(1, 1201)
    losses = pd.DataFrame({"source": "place2", "name": "style", "step": steps, "value": steps % 2})
    smooth = curves._smoothed(losses)
    assert len(smooth) < 70
    assert smooth["value"][1:-1].between(0.45, 0.55).all()


def test_curves_of_an_unknown_system_are_refused(files, tmp_path):
    with pytest.raises(LacunaError, match="hold the system 'aotgan'"):
        curves.draw_curves(TITLES | {"systems": {"telea": "Telea"}}, *files, tmp_path / "a.png")
    with pytest.raises(LacunaError, match="no losses files"):
        curves.draw_curves(TITLES, [], [], tmp_path / "a.png")


@pytest.mark.parametrize(
    "column, metric, reading",
    [
        ("psnr", "psnr", "composite, whole image"),
        ("l1_raw", "l1", "raw, whole image"),
        ("l1_valid", "l1", "raw, outside the hole"),
        ("lpips_alex_hole", "lpips_alex", "raw, hole only"),
        ("lpips_alex", "lpips_alex", "composite, whole image"),
    ],
)
def test_validation_columns_are_understood(column, metric, reading):
    found, words = reading_of(column)
    assert (found.name, words) == (metric, reading)


def scores_in(folder):
    return with_photographs(read_scores([folder / "s.parquet"]))


def test_coverage_has_the_same_bytes_twice(tmp_path):
    random = np.random.default_rng(2)
    scores = pd.DataFrame(
        [
            (source, "FFHQ_test", system, f"{i}.png", "m.png", 0.02 + i * 0.05, "composite", region, "psnr", value)
            for source, system in (("untrained", "telea"), ("place2", "aotgan"), ("celeba", "aotgan"))
            for region in ("image", "hole")
            for i, value in enumerate(random.uniform(10, 30, 12))
        ],
        columns=[
            *("source", "test_set", "system", "image", "mask", "coverage", "prediction", "region", "metric", "value")
        ],
    )
    scores.to_parquet(tmp_path / "s.parquet")
    for name in ("a", "b"):
        draw_coverage(
            TITLES | {"metrics": ["psnr"]},
            scores_in(tmp_path),
            tmp_path / f"{name}.png",
        )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with pytest.raises(LacunaError, match="hold the system 'telea'"):
        settings = TITLES | {"metrics": ["psnr"], "systems": {"aotgan": "AOT-GAN"}}
        draw_coverage(settings, scores_in(tmp_path), tmp_path / "c.png")


def test_one_image_in_a_bin_is_a_point_without_interval(tmp_path):
    names = ["source", "test_set", "system", "image", "mask", "coverage", "prediction", "region", "metric", "value"]
    row = ("untrained", "FFHQ_test", "telea", "0.png", "m.png", 0.3, "composite", "image", "psnr", 20.0)
    pd.DataFrame([row], columns=names).to_parquet(tmp_path / "s.parquet")
    settings = TITLES | {"metrics": ["psnr"], "sources": {}}
    draw_coverage(settings, scores_in(tmp_path), tmp_path / "a.png")
    assert (tmp_path / "a.png").exists()
