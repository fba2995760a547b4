"""Test sets whose truth is another photograph, or that nobody knows: planned, completed, scored or only shown."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.plan import Plan
from tests.workflow.conftest import SMALL, copy_repository

WIDTH, HEIGHT = SMALL["image_size"]
OBJECT = (slice(10, 25), slice(8, 30))  # rows and columns: nothing is symmetric


def scene(number: int) -> np.ndarray:
    """A smooth picture, uint8 H×W×3."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([4 * columns + number, 5 * rows, 200 - 3 * columns], axis=-1).astype(np.uint8)


def saved(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def lay_out(folder: Path) -> None:
    """Three scenes with a red object, the same without it, its masks by name; and one picture that nobody knows."""
    for number in range(3):
        clean, mask = scene(number), np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[OBJECT] = 255
        mask[0, number] = 255
        with_object = clean.copy()
        with_object[OBJECT] = 255, 0, 0
        with_object[-1] = 0  # known, and another than in the truth
        saved(folder / f"with/scene_{number}.png", with_object)
        saved(folder / f"without/scene_{number}.png", clean)
        saved(folder / f"masks/scene_{number}_mask.png", mask)
    saved(folder / "own/me.png", scene(9)[::-1])


CONFIG = {
    "run": "truths",
    "image_sets": {
        "removed": {"kind": "folder", "path": "with", "truth": "clean", "masks": "objects", "title": "Object removed"},
        "clean": {"kind": "folder", "path": "without"},
        "mine": {"kind": "folder", "path": "own", "truth": "none", "masks": "one", "title": "My own <picture>"},
    },
    "mask_sets": {
        "objects": {"kind": "folder", "path": "masks", "count": None, "pairing": "by_name", "coverage": [0, 1]},
        "one": {"kind": "boxes", "count": 1, "bins": 1, "coverage": [0.1, 0.3]},
    },
    "sources": {},
    "train_masks": "one",
    "validation_masks": "one",
    "test_masks": "one",
    "test_sets": ["removed", "mine"],
    "systems": {"telea": None, "navier_stokes": None},
    "metrics": ["psnr", "l1"],
    "export": False,
}


def test_what_has_no_truth_is_predicted_and_shown_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay_out(tmp_path)
    plan = Plan({**SMALL, **CONFIG})
    assert (plan.test_sets, plan.unscored_sets, plan.truths) == (["removed"], ["mine"], {"removed": "clean"})
    jobs = plan.jobs()
    named = {job.name for job in jobs}
    assert "predict (telea, untrained, mine)" in named and "pair (clean)" not in named and "stage (clean)" in named
    assert all("mine" not in path for job in jobs if job.stage in ("score", "controls") for path in job.files)
    alone = Plan({**SMALL, **CONFIG, "test_sets": ["mine"], "image_sets": {"mine": CONFIG["image_sets"]["mine"]}})
    assert not {job.stage for job in alone.jobs()} & {"score", "controls", "fetch_backbone"}
    assert {job.key["inputs"] for job in alone.figure_jobs()} == {"masks", "shown"}


def test_truth_and_own_masks_rerun_what_they_change_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay_out(tmp_path)
    here, sets = {**SMALL, **CONFIG}, CONFIG["image_sets"]
    before = {job.name: job.digest for job in Plan(here).jobs()}
    plain = {**sets, "removed": {name: value for name, value in sets["removed"].items() if name != "truth"}}
    after = {job.name: job.digest for job in Plan({**here, "image_sets": plain}).jobs()}
    changed = {name for name in after if before.get(name) != after[name]}
    assert "stage (removed)" not in changed and "make_masks (objects)" not in changed and "pair (mine)" not in changed
    assert {"pair (removed)", "controls", "score (telea, untrained)"} <= changed


@pytest.mark.slow
def test_from_photographs_to_the_report(tmp_path):
    repository = copy_repository(tmp_path)
    lay_out(tmp_path)
    config = str(repository.configure(**CONFIG))
    result = repository.snakemake("--configfile", config)
    assert result.returncode == 0, result.stdout + result.stderr
    results = tmp_path / "results/truths"
    lines = [line.split("\t") for line in (results / "lists/removed.txt").read_text().splitlines()]
    assert all(len(line) == 3 for line in lines) and "\t" in (results / "lists/mine.txt").read_text()
    for image, mask, truth in lines:
        image, mask, truth = (np.asarray(Image.open(tmp_path / path)) for path in (image, mask, truth))
        assert (image[OBJECT] == (255, 0, 0)).all() and (mask[OBJECT] == 255).all()
        assert (truth[:-1][image[:-1, :, 1] > 0] == image[:-1][image[:-1, :, 1] > 0]).all()

    rows = pd.read_parquet(results / "scores/telea/untrained/removed.parquet")
    read = rows.set_index(["prediction", "region", "metric"])["value"].groupby(level=[0, 1, 2]).mean()
    hole, image = read["composite", "hole", "l1"], read["composite", "image", "l1"]
    assert hole < 0.1  # red would be 0.5 and more off
    lowest = np.mean([scene(number)[-1].mean() / 255 for number in range(3)]) / HEIGHT
    share = np.mean([np.asarray(Image.open(tmp_path / mask)).mean() / 255 for _, mask, _ in lines])
    assert image == pytest.approx(hole * share + lowest, abs=2e-3)  # what is known is the picture's, not the truth's
    controls = pd.read_parquet(results / "scores/ground_truth/control/removed.parquet")
    perfect = controls[(controls["prediction"] == "raw") & (controls["metric"] == "l1")]["value"]
    assert (perfect == 0).all()

    report = (results / "report.html").read_text()
    assert "Nothing is trained here" in report and "photographs of the training sets" not in report
    assert "Object removed" in report and "truth does not score perfectly on" not in report
    assert "Contact sheet of My own &lt;picture&gt;" in report and "truth of Object removed" in report
    with Image.open(results / "figures/contact_sheet_mine.png") as sheet:
        assert sheet.width > 3 * 120
    gallery = (results / "gallery/data.js").read_text()
    data = json.loads(gallery.partition("= ")[2].rstrip().rstrip(";"))
    sets = {each["name"]: each for each in data["testSets"]}
    assert sets["mine"]["truths"] is None and data["entries"]["mine"]["telea"]["untrained"]["values"] == {}
    assert "images/clean" in sets["removed"]["truths"]["folder"]

    again = repository.snakemake("--configfile", config, "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr


@pytest.mark.slow
def test_a_run_without_any_truth_has_a_report(tmp_path):
    repository = copy_repository(tmp_path)
    lay_out(tmp_path)
    mine = CONFIG["image_sets"]["mine"]
    alone = {"run": "shown", "test_sets": ["mine"], "image_sets": {"mine": mine}}
    config = repository.configure(**CONFIG | alone)
    result = repository.snakemake("--configfile", str(config))
    assert result.returncode == 0, result.stdout + result.stderr
    report = (tmp_path / "results/shown/report.html").read_text()
    assert "Nobody knows what lies under the holes" in report and "Contact sheet of My own" in report
    assert "The worst 1 %" not in report and not (tmp_path / "results/shown/scores").exists()
