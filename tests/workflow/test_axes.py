"""A run with two mask sets, two sizes, two trainings and two samples, from the photographs to the report."""

import json

import pandas as pd
import pytest

from lacuna.cli import main
from tests.workflow.conftest import SMALL, copy_repository

pytestmark = pytest.mark.slow

CHANGES = {
    "run": "axes",
    "image_size": [[48, 40], [64, 64]],
    "mask_sets": {
        **SMALL["mask_sets"],
        "lines": {"kind": "strokes", "count": 3, "bins": 3, "coverage": [0.05, 0.5]},
    },
    "test_masks": ["few", "lines"],
    "test_sets": ["rockets"],
    "repeats": 2,
    "samples": 2,
    "leaderboard": {"test_masks": "lines", "image_size": 64},
    "systems": {
        "telea": None,
        "patchmatch": None,
        "deepfillv2": {"settings": {"width": 4, "discriminator_width": 4}},
    },
    "metrics": ["psnr", "lpips_alex"],
    "studio": False,
}
AXES = ["test_masks", "image_size", "repeat", "sample"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The repository with the finished run, and its folder of results."""
    repository = copy_repository(tmp_path_factory.mktemp("axes"))
    config = repository.configure(**CHANGES)
    done = repository.snakemake("--configfile", str(config), "--resources", "gpu=0", timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    return repository, repository.folder / "results" / "axes"


def test_rows_have_every_combination_once(run):
    _, folder = run
    rows = pd.concat(map(pd.read_parquet, folder.glob("scores/*/*/*.parquet")))
    rows = rows[rows["source"] != "control"]
    assert list(rows.columns)[-4:] == AXES and rows["repeat"].dtype == rows["sample"].dtype == "int64"
    found = rows[["system", *AXES]].drop_duplicates().groupby("system").size()
    assert found.to_dict() == {"telea": 4, "patchmatch": 8, "deepfillv2": 8}
    assert set(rows[rows["system"] == "telea"]["repeat"]) == {0}
    key = ["system", "source", "test_set", *AXES, "image", "mask", "prediction", "region", "metric"]
    assert not rows.duplicated(key).any()
    trained = rows[(rows["system"] == "deepfillv2") & (rows["prediction"] == "raw") & (rows["metric"] == "psnr")]
    means = trained.groupby(["image_size", "test_masks", "repeat"])["value"].mean()
    assert means.nunique() == len(means)  # another size, other masks or another seed: other fills


def test_tables_hold_every_cell_and_what_is_printed_the_selection(run):
    _, folder = run
    tidy = pd.read_csv(folder / "tables/quantitative.csv")
    assert set(zip(tidy["test_masks"], tidy["image_size"].astype(str), strict=True)) == {
        (masks, size) for masks in ("few", "lines") for size in ("48x40", "64")
    }
    board = pd.read_csv(folder / "tables/leaderboard.csv")
    assert "test_masks" not in board and set(board["n"]) == {3}
    gallery = (folder / "gallery/data.js").read_text()
    assert "rockets~lines~64" in gallery and "~few~" not in gallery and "repeat2" not in gallery
    assert len(pd.read_csv(folder / "votes_key.csv")["image"].map(lambda path: path.split("/")[3]).unique()) == 1
    parity = json.loads((folder / "export/deepfillv2/scenes/parity.json").read_text())
    assert parity["verified"] and (folder / "report.html").is_file()


def test_samples_of_a_hole_differ(run):
    _, folder = run
    rows = pd.concat(map(pd.read_parquet, folder.glob("diversity/patchmatch/untrained/*.parquet")))
    assert len(rows) == 4 * 3 and set(rows["samples"]) == {2} and (rows["value"] > 0).all()
    assert {"test_masks", "image_size", "repeat"} <= set(rows.columns) and "sample" not in rows


def test_a_second_run_does_nothing_and_another_repeat_trains_alone(run, monkeypatch, capsys):
    repository, folder = run
    config = repository.configure(**CHANGES)
    again = repository.snakemake("--configfile", str(config), "--resources", "gpu=0")
    assert "Nothing to be done" in again.stdout + again.stderr
    monkeypatch.chdir(repository.folder)
    weights = folder / "training/deepfillv2/scenes~64~repeat2/weights.safetensors"
    assert main(["why", str(weights.relative_to(repository.folder)), "--configfile", str(config)]) == 0
    assert "made by train (deepfillv2, scenes~64~repeat2)" in capsys.readouterr().out
    assert main(["check", "--configfile", str(config)]) == 0
    more = repository.configure(**{**CHANGES, "repeats": 3})
    trained = {name for name in repository.would_run("--configfile", str(more)) if name.startswith("train:scenes")}
    assert trained == {"train:scenes~48x40~repeat3", "train:scenes~64~repeat3"}
