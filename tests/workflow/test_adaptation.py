"""The rule `adapt`: a job is made, is not made again, and what changes one experiment leaves the others alone."""

import pandas as pd
import pytest

from tests.workflow.conftest import SMALL

pytestmark = pytest.mark.slow

NARROW = {"width": 4, "levels": 3, "perceptual_weight": 0, "style_weight": 0}
ADAPTATION = {
    "experiments": ["baseline", "mine"],
    "changes": {"mine": {"fill": "random_image"}},
    "common": {"steps": 1, "batch_size": 1},
}
CHANGES = {
    "systems": {"partialconv": {"settings": NARROW}},
    "test_sets": ["rockets"],
    "mask_sets": {**SMALL["mask_sets"], "few": {**SMALL["mask_sets"]["few"], "coverage": [0.05, 0.25]}},
    "metrics": ["psnr", "l1"],
    "export": False,
    "studio": False,
}


def test_adapted_pictures_come_by_the_rule_and_once(fresh):
    config = fresh.configure(**CHANGES, adaptation=ADAPTATION)
    wanted = [f"results/small/scores/partialconv__{name}/scenes/rockets.parquet" for name in ("baseline", "mine")]
    result = fresh.snakemake(*wanted, "--configfile", str(config))
    assert result.returncode == 0, result.stdout + result.stderr
    rows = pd.read_parquet(fresh.folder / "results/small/adaptation/mine/partialconv/scenes/rockets/rows.parquet")
    scores = pd.read_parquet(fresh.folder / wanted[1])
    last = rows[(rows["step"] == 1) & (rows["metric"] == "psnr") & (rows["region"] == "hole")]
    whole = scores[(scores["prediction"] == "composite") & (scores["metric"] == "psnr") & (scores["region"] == "hole")]
    assert list(last["value"]) == list(whole["value"])  # the contestant is the last step
    assert fresh.would_run(*wanted, "--configfile", str(config)) == set()
    changed = {**ADAPTATION, "changes": {"mine": {"fill": "black"}}}
    config = fresh.configure(**CHANGES, adaptation=changed)
    jobs = fresh.would_run(*wanted, "--configfile", str(config))
    assert {"adapt:mine", "score:partialconv__mine"} <= jobs
    assert not jobs & {"adapt:baseline", "train", "stage"}


@pytest.mark.slow
def test_scores_of_sets_before_and_after_are_those_of_the_systems(fresh, backbones):
    """On real Inception features: step 0 is the trained system's FID and KID, the last step the adapted one's."""
    backbones("inception")
    sets = {"set_metrics": ["fid", "kid"]}
    config = fresh.configure(**CHANGES, **sets, adaptation={**ADAPTATION, "experiments": ["mine"], **sets})
    folder = fresh.folder / "results/small"
    scored = [f"set_scores/partialconv{end}/scenes/rockets.parquet" for end in ("", "__mine")]
    wanted = [f"results/small/{name}" for name in ("tables/adaptation.csv", *scored)]
    result = fresh.snakemake(*wanted, "--configfile", str(config))
    assert result.returncode == 0, result.stdout + result.stderr
    table = pd.read_csv(folder / "tables/adaptation.csv")
    assert table.columns.tolist() == [
        *("experiment", "system", "source", "test_set", "step", "metric", "region"),
        *("mean", "improvement_percent", "ci_low", "ci_high", "n"),
    ]
    for metric in sets["set_metrics"]:
        mine = table[(table["metric"] == metric) & (table["region"] == "image")]
        assert mine["step"].tolist() == [0, 1] and set(mine["n"]) == {3}
        for name, row in zip(scored, mine.itertuples(), strict=True):
            scores = pd.read_parquet(folder / name)
            of = scores[(scores["metric"] == metric) & (scores["prediction"] == "composite")]
            assert row.mean == pytest.approx(of["value"].item(), rel=1e-3, abs=1e-5)
        before, after = mine["mean"]
        assert before != after
        assert mine["improvement_percent"].iloc[1] == pytest.approx(100 * (before - after) / before, rel=1e-6)
