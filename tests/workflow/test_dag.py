"""Exact reruns: what an edit reruns, and what it leaves alone."""

import json
import os
import subprocess
import sys
import time

import pandas as pd
import pytest

from lacuna.digests import modules_used
from tests.workflow.conftest import SMALL

pytestmark = pytest.mark.slow


@pytest.mark.alone
def test_second_run_does_nothing_and_is_quick(finished):
    start = time.perf_counter()
    result = finished.snakemake("--resources", "gpu=1")
    seconds = time.perf_counter() - start
    assert result.returncode == 0
    assert "Nothing to be done" in result.stdout + result.stderr
    assert seconds < 10


def test_everything_that_the_readme_names_is_there(finished):
    folder = finished.folder / "results" / "small"
    table = pd.read_csv(folder / "tables" / "quantitative.csv")
    assert list(table.columns) == ["source", "test_set", "system", "prediction", "region", "metric", "mean", "std", "n"]
    assert set(table["system"]) == {"telea", "aotgan", "theirs"}
    assert set(table["test_set"]) == {"rockets", "mine"}
    assert set(table["source"]) == {"scenes", "untrained", "elsewhere"}
    assert (table["n"] == 3).all()
    for name in (
        "report.html",
        "config.yaml",
        "tables/table_scenes.md",
        "tables/table_scenes.tex",
        "export/aotgan/scenes/model.onnx",
        "export/aotgan/scenes/end_to_end.onnx",
        "figures/rulegraph.svg",
    ):
        assert (folder / name).stat().st_size > 0


def test_snakemake_report_holds_every_table_and_figure(finished):
    result = finished.snakemake("--report", "out.zip")
    assert result.returncode == 0, result.stdout + result.stderr
    names = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", "out.zip"], cwd=finished.folder, capture_output=True, text=True
    ).stdout
    for name in ("quantitative.csv", "training_curves.png", "qualitative_rockets.png", "metric_by_coverage.png"):
        assert name in names


def test_touch_reruns_nothing(finished):
    now = time.time()
    for path in finished.folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts and not path.is_symlink():
            os.utime(path, (now, now))
    assert finished.would_run() == set()


def test_editing_a_system_retrains_it_alone(finished):
    with finished.edit("workflow/lacuna/systems/aotgan.py"):
        jobs = finished.would_run()
    assert {"train:aotgan", "predict:aotgan", "score:aotgan", "tabulate_scores", "report"} <= jobs
    assert not jobs & {"stage", "make_masks", "pair", "predict:telea", "score:telea", "fetch_backbone"}


def test_editing_a_classical_system_leaves_training_alone(finished):
    with finished.edit("workflow/lacuna/systems/telea.py"):
        jobs = finished.would_run()
    assert {"predict:telea", "score:telea"} <= jobs
    assert not jobs & {"train", "predict:aotgan", "stage"}


def test_editing_a_loss_retrains_what_uses_it(finished):
    assert "lacuna.nn.losses" in modules_used(("lacuna.systems.aotgan",))
    with finished.edit("workflow/lacuna/nn/losses.py"):
        jobs = finished.would_run()
    assert "train:aotgan" in jobs
    assert not jobs & {"stage", "predict:telea"}


def test_editing_the_export_exports_again_and_retrains_nothing(finished):
    with finished.edit("workflow/lacuna/export/tracing.py"):
        jobs = finished.would_run()
    assert {"export:aotgan", "verify_export:aotgan", "tabulate_parity_scores", "report"} <= jobs
    assert not jobs & {"train", "predict", "score", "tabulate_scores", "stage"}
    with finished.edit("workflow/lacuna/export/comparison.py"):
        jobs = finished.would_run()
    assert {"verify_export:aotgan", "tabulate_parity_scores"} <= jobs
    assert not jobs & {"export", "train", "predict", "score"}


def test_a_run_may_do_without_export(finished):
    path = finished.configure(export=False)
    jobs = finished.would_run("--configfile", str(path))
    assert "report" in jobs
    assert not jobs & {
        "train",
        "predict",
        "score",
        "tabulate_scores",
        "export",
        "verify_export",
        "tabulate_parity_scores",
    }


def test_the_exported_network_is_verified(finished):
    folder = finished.folder / "results" / "small" / "tables"
    table = pd.read_csv(folder / "export.csv").set_index("system")
    assert table["exported"].to_dict() == {"aotgan": "yes", "telea": "no", "theirs": "no"}
    assert table.loc["aotgan", ["verified", "equal", "source", "run_size"]].tolist() == [
        "yes",
        "yes",
        "scenes",
        "40×48",
    ]
    assert table.loc["aotgan", "run_size_n"] == 6  # all images of both test sets
    metrics = pd.read_csv(folder / "export_metrics.csv")
    assert set(metrics["metric"]) == set(SMALL["metrics"]) and set(metrics["n"]) == {6}
    assert (metrics["difference"].abs() < 1e-3).all()


def test_editing_a_table_redraws_tables_only(finished):
    with finished.edit("workflow/lacuna/reporting/tables/leaderboard.py"):
        assert finished.would_run() == {"tabulate_scores", "report"}
    with finished.edit("workflow/lacuna/reporting/figures/critical_difference.py"):
        assert finished.would_run() == {"plot_scores", "report"}
    with finished.edit("workflow/lacuna/reporting/page/templates/sections/summary.html", "<p>Edited.</p>"):
        assert finished.would_run() == {"report"}


def test_editing_how_is_timed_measures_again_and_nothing_else(finished):
    with finished.edit("workflow/lacuna/cost/timing.py"):
        jobs = finished.would_run()
    assert jobs == {"measure", "measure:telea", "measure:aotgan", "tabulate_costs", "report"}


def test_a_system_is_measured_again_when_its_network_or_its_onnx_file_changes(finished):
    with finished.edit("workflow/lacuna/systems/aotgan.py"):
        jobs = finished.would_run()
    assert "measure:aotgan" in jobs and "measure:telea" not in jobs
    training = {**SMALL["training"], "iterations": 3}
    jobs = finished.would_run("--configfile", str(finished.configure(training=training)))
    assert {"train:aotgan", "export:aotgan", "measure:aotgan"} <= jobs and "measure:telea" not in jobs


def test_every_system_is_counted_and_timed(finished):
    folder = finished.folder / "results/small/tables"
    counted, timed = pd.read_csv(folder / "complexity.csv"), pd.read_csv(folder / "latency.csv")
    rows = [("telea", "untrained"), ("aotgan", "scenes")]
    assert list(zip(counted["system"], counted["source"], strict=True)) == rows
    weights = finished.folder / "results/small/training/aotgan/scenes/weights.safetensors"
    assert counted["weights_mb"][1] * 2**20 == pytest.approx(weights.stat().st_size, abs=0.5)
    assert counted["macs_256_authors"][1] == 72_876_032_000 and counted["training_seconds"][1] > 0
    expected = {("telea", "classical", 1)}
    expected |= {("aotgan", runtime, batch) for runtime in ("pytorch", "onnxruntime") for batch in (1, 2)}
    assert expected <= set(zip(timed["system"], timed["runtime"], timed["batch"], strict=True))
    for suffix in ("md", "tex", "html"):
        assert "72.97" in (folder / f"complexity.{suffix}").read_text()


def test_editing_a_metric_scores_again_and_retrains_nothing(finished):
    with finished.edit("workflow/lacuna/steps/score.py"):
        jobs = finished.would_run()
    assert {"score", "tabulate_scores"} <= jobs
    assert not jobs & {"train", "predict", "stage", "make_masks"}


def test_editing_a_mask_recipe_remakes_what_depends_on_it(finished):
    masks = {**SMALL["mask_sets"], "few": {**SMALL["mask_sets"]["few"], "coverage": [0.05, 0.4]}}
    path = finished.configure(mask_sets=masks)
    jobs = finished.would_run("--configfile", str(path))
    assert {"make_masks:few", "pair:rockets", "pair:scenes_val", "predict:telea", "train:aotgan"} <= jobs
    assert not jobs & {"make_masks:many", "stage", "pair:scenes_train"}


def test_editing_the_seed_of_the_masks_remakes_what_depends_on_masks(finished):
    masks = {**SMALL["mask_sets"], "few": {**SMALL["mask_sets"]["few"], "seed": 99}}
    jobs = finished.would_run("--configfile", str(finished.configure(mask_sets=masks)))
    assert {"make_masks:few", "predict:telea"} <= jobs
    assert not jobs & {"make_masks:many", "stage", "stage:rockets"}


def test_a_changed_photograph_is_seen_and_a_renamed_key_order_is_not(finished):
    reordered = dict(reversed(SMALL["systems"].items()))
    assert "train" not in finished.would_run("--configfile", str(finished.configure(systems=reordered)))
    with finished.edit("predicted/mine/0001.png", "x"):
        jobs = finished.would_run()
    assert "import_predictions:mine" in jobs and not jobs & {"train", "predict", "import_predictions:rockets"}
    with finished.edit("photographs/a.png", "x"):
        jobs = finished.would_run()
    assert "stage:mine" in jobs and "predict:telea" in jobs
    assert not jobs & {"stage:rockets", "train", "make_masks"}


def test_two_runs_from_scratch_give_identical_tables(finished, fresh):
    made_from = ("scores", "holes_scores", "published_scores", "training", "controls_set_scores", "parity_scores")
    result = fresh.snakemake(*(f"tabulate_{inputs}" for inputs in made_from))
    assert result.returncode == 0, result.stdout + result.stderr
    # times and memory are measured, and no two measurements are the same
    measured = {"complexity", "latency"}
    tables = sorted(
        each
        for each in (finished.folder / "results/small/tables").iterdir()
        if each.stem not in measured and not each.name.endswith((".job.json", ".lock"))
    )
    assert len(tables) > 5
    for path in tables:
        assert path.read_bytes() == (fresh.folder / "results/small/tables" / path.name).read_bytes(), path.name


def test_the_studio_holds_the_graphs_of_the_run(finished):
    folder = finished.folder / "results" / "small"
    data = json.loads((folder / "studio" / "models.json").read_text())
    assert (folder / "studio" / "index.html").stat().st_size > 0
    assert len(data["tests"]) == 4
    assert "Telea" in data["about"]
    if data["notice"]:  # no npm here, or no registry
        assert data["systems"] == []
        assert "onnxruntime-web" in data["notice"]
        return
    (system,) = data["systems"]
    assert system["title"].endswith("trained on scenes")
    exported = folder / "export" / "aotgan" / "scenes" / "end_to_end.onnx"
    assert (folder / "studio" / system["file"]).read_bytes() == exported.read_bytes()


def test_editing_the_page_that_paints_makes_that_page_alone(finished):
    with finished.edit("workflow/lacuna/studio/static/region.js", "\n// edited\n"):
        assert finished.would_run() == {"studio"}
    path = finished.configure(studio=False)
    assert "studio" not in finished.would_run("--configfile", str(path), "--forceall")
