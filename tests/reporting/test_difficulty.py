"""When does a method fail: slopes that are known come back, with intervals, and what cannot be said is not."""

import numpy as np
import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.metrics.factors import FACTORS
from lacuna.reporting.aggregation import write_table
from lacuna.reporting.difficulty import errors, read_holes, regression


def made(photographs=40, crops=3, noise=0.5, seed=0, metric="psnr"):
    """Scores and holes: error = 5 + 2·circle (standardised) − 1·contrast + noise of photograph and crop."""
    random = np.random.default_rng(seed)
    n = photographs * crops
    holes = pd.DataFrame({name: random.normal(0, 3, n) for name in FACTORS})
    holes["coverage"] += holes["circle"]  # go together, as in masks
    z = (holes - holes.mean()) / holes.std(ddof=0)
    of_photograph = np.repeat(random.normal(0, noise, photographs), crops)
    error = 5 + 2 * z["circle"] - z["contrast"] + of_photograph + random.normal(0, noise, n)
    holes.insert(0, "image", [f"i{number}.png" for number in range(n)])
    holes.insert(1, "mask", "m.png")
    scores = holes[["image", "mask"]].assign(
        value=-error if metric == "psnr" else error, photograph=np.arange(n) // crops, coverage=0.1, metric=metric
    )
    return scores.assign(test_set="t", system="telea", source="untrained", prediction="composite", region="hole"), holes


@pytest.mark.parametrize("metric", ["psnr", "l1"])
def test_known_slopes_come_back_in_the_direction_of_the_error(metric):
    scores, holes = made(metric=metric)
    found = regression(scores.sample(frac=1, random_state=1), holes, metric).set_index("factor")
    truth = dict.fromkeys(FACTORS, 0.0) | {"circle": 2, "contrast": -1}
    for name, slope in truth.items():
        assert found.loc[name, "slope"] == pytest.approx(slope, abs=0.35)
        assert found.loc[name, "low"] < found.loc[name, "slope"] < found.loc[name, "high"]
    assert found.loc["circle", "low"] > 0 > found.loc["contrast", "high"]
    # alone, coverage takes what the circle does
    assert found.loc["coverage", "low_alone"] > 0.8 and abs(found.loc["coverage", "slope"]) < 0.35
    assert 0.85 < found["explained"].iloc[0] < 1 and found["n"].tolist() == [120] * 6
    assert found["photographs"].iloc[0] == 40


def test_slopes_are_those_of_least_squares():
    scores, holes = made(noise=2)
    z = (holes[list(FACTORS)] - holes[list(FACTORS)].mean()) / holes[list(FACTORS)].std(ddof=0)
    design = np.column_stack([np.ones(len(z)), z])
    wanted = np.linalg.lstsq(design, -scores["value"], rcond=None)[0][1:]
    found = regression(scores, holes, "psnr")
    np.testing.assert_allclose(found["slope"], wanted, rtol=1e-6)
    alone = [np.polyfit(z[name], -scores["value"], 1)[0] for name in FACTORS]
    np.testing.assert_allclose(found["slope_alone"], alone, rtol=1e-8)


@pytest.mark.slow
def test_intervals_hold_the_slopes():
    truth = [0.0, 2, -1, 0, 0, 0]
    held = []
    for seed in range(150):
        found = regression(*made(photographs=30, crops=4, noise=1, seed=seed), "psnr")
        held += ((found["low"] <= truth) & (truth <= found["high"])).tolist()
    assert 0.92 <= np.mean(held) <= 0.99


def test_few_photographs_tell_no_slopes_apart():
    found = regression(*made(photographs=11, crops=9), "psnr")
    assert found[["slope", "low", "high", "explained"]].isna().all(axis=None)
    assert found[["slope_alone", "low_alone", "high_alone"]].notna().all(axis=None)
    one = regression(*made(photographs=1, crops=9), "psnr")
    assert one["low_alone"].isna().all() and one["slope_alone"].notna().all()


def test_a_factor_that_is_always_the_same_has_no_row_and_unknown_holes_are_left_out():
    scores, holes = made()
    holes.loc[:4, "likeness"] = np.nan
    found = regression(scores, holes.assign(border=0.25), "psnr")
    assert set(found["factor"]) == set(FACTORS) - {"border"} and found["n"].unique().tolist() == [115]
    assert len(errors(scores.assign(region="image"), holes, "psnr")) == 0
    assert regression(scores.assign(region="image"), holes, "psnr").empty


def test_a_file_of_holes_without_a_factor_is_refused(tmp_path):
    _, holes = made()
    write_table(tmp_path / "t.csv", holes.drop(columns="circle"))
    with pytest.raises(LacunaError, match="t.csv has no column 'circle'; run the rule 'describe_holes' again"):
        read_holes([tmp_path / "t.csv"])
    write_table(tmp_path / "t.csv", holes)
    pd.testing.assert_frame_equal(read_holes([tmp_path / "t.csv"]), holes)
