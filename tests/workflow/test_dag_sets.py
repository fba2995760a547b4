"""Scores of sets and controls in the DAG: made for real, and exactly what an edit reruns."""

import pandas as pd
import pytest

from tests.workflow.conftest import SMALL

pytestmark = pytest.mark.slow

SETS = {"run": "sets", "systems": {"telea": None}, "test_sets": ["rockets"], "set_metrics": ["fid", "kid"]}


def test_features_are_extracted_once_and_sets_scored(finished):
    config = ("--configfile", str(finished.configure(**SETS)))
    jobs = finished.would_run(*config)
    assert {"features_of_truth:rockets", "features:telea", "features:masked_input", "score_set:mean_fill"} <= jobs
    targets = [f"results/sets/set_scores/{key}/rockets.parquet" for key in ("telea/untrained", "ground_truth/control")]
    result = finished.snakemake(*targets, *config)
    assert result.returncode == 0, result.stdout + result.stderr
    rows = pd.concat(pd.read_parquet(finished.folder / name) for name in targets)
    rows = rows.set_index(["system", "prediction", "metric"])
    assert set(rows["n"]) == {3} and set(rows["source"]) == {"untrained", "control"}
    assert (rows["flag"] == ["small-n", "", "small-n", ""] * 2).all()  # FID, KID
    values = rows["value"].round(6)
    assert values["telea", "composite", "fid"] > 1 and values["ground_truth", "raw", "fid"] == 0
    assert values["ground_truth", "composite", "kid"] == 0

    assert finished.would_run(*targets, *config) == set()
    with finished.edit("workflow/lacuna/metrics/inception.py"):
        jobs = finished.would_run(*targets, *config)
    assert {"features_of_truth", "features:telea", "score_set:ground_truth"} <= jobs
    assert not jobs & {"predict", "controls", "pair", "stage", "fetch_backbone"}
    with finished.edit("workflow/lacuna/metrics/per_set/kid.py"):
        jobs = finished.would_run(*targets, *config)
    assert "score_set:telea" in jobs and not jobs & {"features_of_truth", "features"}


def test_controls_are_made_without_being_asked_for(finished):
    table = pd.read_csv(finished.folder / "results/small/tables/controls.csv")
    assert set(table["system"]) == {"ground_truth", "mean_fill", "masked_input"}
    assert set(table["test_set"]) == set(SMALL["test_sets"]) and set(table["source"]) == {"control"}
    perfect = table[table["system"] == "ground_truth"].groupby("metric")["mean"].agg(["min", "max"]).round(9)
    assert perfect.loc["psnr"].tolist() == [100, 100] and perfect.loc["ssim"].tolist() == [1, 1]
    assert perfect.loc["lpips_alex"].tolist() == perfect.loc["l1"].tolist() == [0, 0]
    ranks = pd.read_csv(finished.folder / "results/small/tables/statistics_ranks.csv")
    assert set(ranks["system"]) == set(SMALL["systems"])


def test_editing_mean_fill_makes_the_controls_again_and_nothing_else(finished):
    with finished.edit("workflow/lacuna/systems/mean_fill.py"):
        jobs = finished.would_run()
    assert {"controls", "score:mean_fill", "tabulate_controls_set_scores", "report"} <= jobs
    assert not jobs & {"train", "predict", "score:telea", "score:aotgan", "plot_scores", "tabulate_scores"}


def test_controls_can_be_left_out(finished):
    jobs = finished.would_run("--configfile", str(finished.configure(controls=False)))
    assert "tabulate_controls_set_scores" in jobs and not jobs & {"controls", "score"}
