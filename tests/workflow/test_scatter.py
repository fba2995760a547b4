"""Large test sets in parts: the same pictures, indexes and rows as undivided, and no result made again for it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.canonical import canonical_json
from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.plan import Plan
from lacuna.plan.scattering import BATCHES
from lacuna.steps.predict import BATCH as PREDICTED_AT_ONCE
from tests.steps import run_step
from tests.training.conftest import write_pairs
from tests.workflow.conftest import SMALL, copy_repository

COUNT = 27
LARGE = {
    "run": "large",
    "image_sets": {
        "leaves": {"kind": "dead_leaves", "number": 40, "count": COUNT, "drawn_size": [60, 52]},
        "uncounted": {"kind": "dead_leaves", "number": COUNT, "first": 50, "drawn_size": [60, 52], "masks": "given"},
        "few": {"kind": "dead_leaves", "number": 3, "first": 90, "count": 3, "drawn_size": [60, 52], "masks": "three"},
    },
    "mask_sets": {
        "boxes": {"kind": "boxes", "count": COUNT, "bins": 3, "coverage": [0.05, 0.5]},
        "given": {"kind": "strokes", "count": COUNT, "bins": 3},
        "three": {"kind": "boxes", "count": 3, "bins": 1, "coverage": [0.05, 0.5]},
    },
    "sources": {},
    "train_masks": "boxes",
    "validation_masks": "boxes",
    "test_masks": "boxes",
    "test_sets": ["leaves", "uncounted", "few"],
    "systems": {"telea": None},
    "metrics": ["psnr", "ssim", "l1"],
    "export": False,
    "studio": False,
}


def planned(**changes) -> Plan:
    return Plan({**SMALL, **LARGE, **changes})


def test_only_large_sets_that_say_their_number_are_divided(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole, parts = planned(), planned(scatter=13)
    assert "predict_part" not in {job.stage for job in whole.jobs()}
    jobs = [job for job in parts.jobs() if job.stage == "predict_part"]
    assert {job.key["test_set"] for job in jobs} == {"leaves"}
    ranges = sorted((job.settings["start"], job.settings["stop"]) for job in jobs)
    assert ranges == [(0, 8), (8, 16), (16, 24), (24, 27)]  # whole batches
    scored = [job for job in parts.jobs() if job.stage == "score_part"]
    assert len(scored) == 4 * (1 + len(parts.control_keys()))  # controls are scored in parts, too
    assert not parts.parts("uncounted") and not planned(scatter=COUNT + 5).parts("leaves")
    assert not planned(scatter=32).parts("leaves") and len(planned(scatter=24).parts("leaves")) == 2
    with pytest.raises(LacunaError, match="scatter"):
        planned(scatter=7)


def test_parts_change_no_digest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = {job.name: job.digest for job in planned().jobs()}
    parts = {job.name: job.digest for job in planned(scatter=8).jobs()}
    changed = {name for name in whole if parts[name] != whole[name]}
    assert changed == {"resolve_config", "rulegraph", "report"}  # these show the config
    assert {name.partition(" ")[0] for name in parts.keys() - whole.keys()} == {"predict_part", "score_part"}
    assert len(set(parts.values())) == len(parts)


def test_putting_together_asks_for_no_gpu(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    systems = {"deep_image_prior": {"settings": {"iterations": 5000}}}
    large = {"systems": systems, "image_size": [512, 384]}
    plan, whole = planned(scatter=8, **large), planned(**large)
    key = ("deep_image_prior", "untrained", "leaves")
    asked = [plan.resources_of(plan.predict_part(*key, part)) for part in ("1", "4")]
    together, at_once = plan.resources_of(plan.predict(*key)), whole.resources_of(whole.predict(*key))
    assert (together.gpu, asked[0].gpu, at_once.gpu) == (0, 1, 1)
    assert together.runtime < asked[1].runtime < asked[0].runtime < at_once.runtime


def test_every_part_begins_with_a_batch():
    from lacuna.metrics.scoring import BATCH as SCORED_AT_ONCE

    assert BATCHES % PREDICTED_AT_ONCE == 0 and BATCHES % SCORED_AT_ONCE == 0


def run_part(stage: str, settings: dict, inputs: dict, outputs: dict, parts=()) -> None:
    job = {
        "settings": settings,
        "inputs": {name: [[str(path), ""] for path in paths] for name, paths in inputs.items()},
        "outputs": {name: [str(path)] for name, path in outputs.items()},
        "parts": [str(path) for path in parts],
    }
    assert main(["step", stage, "--job", canonical_json(job), "--gpus", "0", "--threads", "1"]) == 0


def files(folder: Path) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "record.json"}
    return {name: data for name, data in found.items() if not name.startswith(".")}


def weights_of(path: Path, name: str, settings: dict) -> list[Path]:
    import torch
    from safetensors.torch import save_file

    from lacuna import systems

    torch.manual_seed(5)
    network = systems.create(name, **settings).network
    if network is None:
        return []
    for parameter in network.parameters():  # as made, the strength of the noise is 0
        parameter.data += 0.1 * torch.randn_like(parameter)
    note = {"lacuna": json.dumps({"system": name, "settings": settings})}
    save_file(network.state_dict(), path, note)
    return [path]


NOISE = {"resolution": 64, "channel_base": 256, "channel_max": 8, "noise_in_prediction": True}


@pytest.mark.parametrize(("system", "settings"), [("telea", {}), ("migan", NOISE)])
def test_pictures_and_rows_are_those_of_the_whole(tmp_path, capsys, system, settings):
    listed = write_pairs(tmp_path / "data", COUNT, seed=3)
    weights = weights_of(tmp_path / "w.safetensors", system, settings)
    text = {"system": system, "settings": settings, "source": "s", "test_set": "t", "image_size": [32, 24], "seed": 1}
    inputs = {"pairs": [listed], "weights": weights}

    def outputs(folder: str) -> dict:
        return {"index": tmp_path / folder / "index.csv", "record": tmp_path / folder / "record.json"}

    run_part("predict", text, inputs, outputs("whole"))
    ranges = {"1": (0, 16), "2": (16, COUNT)}
    for part, (start, stop) in ranges.items():
        run_part("predict_part", {**text, "start": start, "stop": stop}, inputs, outputs(f"parts/{part}"))
    parts = [tmp_path / "parts" / part / "index.csv" for part in ranges]
    run_part("predict", text, inputs, outputs("together"), parts)
    assert files(tmp_path / "together") == files(tmp_path / "whole")
    assert len(files(tmp_path / "whole")) == COUNT + 1
    assert (tmp_path / "together/0020.png").stat().st_ino == (tmp_path / "parts/2/0020.png").stat().st_ino
    records = [read_json(tmp_path / folder / "record.json") for folder in ("together", "parts/1", "parts/2")]
    assert [record["n"] for record in records] == [27, 16, 11]
    assert records[0]["seconds"] == pytest.approx(records[1]["seconds"] + records[2]["seconds"])
    assert records[0]["first_batch"]["n"] == 16

    cell = {"test_masks": "strokes", "repeat": 2}
    asked = {"system": system, "source": "s", "test_sets": ["t"], "columns": [cell], "metrics": ["psnr", "ssim", "l1"]}
    inputs = {"pairs": [listed], "predictions": [tmp_path / "together/index.csv"]}
    run_part("score", asked, inputs, {"scores": tmp_path / "whole/t~strokes.parquet"})
    for part, (start, stop) in ranges.items():
        path = tmp_path / "scores/t~strokes" / f"{part}.parquet"
        run_part("score_part", {**asked, "start": start, "stop": stop}, inputs, {"scores": path})
    scores = [tmp_path / "scores/t~strokes" / f"{part}.parquet" for part in ranges]
    capsys.readouterr()
    run_part("score", asked, inputs, {"scores": tmp_path / "together/t~strokes.parquet"}, scores)
    assert "of 2 parts" in capsys.readouterr().out
    made = (tmp_path / "together/t~strokes.parquet").read_bytes()
    assert made == (tmp_path / "whole/t~strokes.parquet").read_bytes()
    rows = pd.read_parquet(tmp_path / "together/t~strokes.parquet")
    assert set(rows["test_masks"]) == {"strokes"} and set(rows["repeat"]) == {2}


def test_a_part_looks_at_its_own_pictures_alone(tmp_path, capsys):
    """What is wrong with a picture is said by the part that has it."""
    listed = write_pairs(tmp_path / "data", COUNT, seed=3)
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "data/mask20.png")
    text = {"system": "telea", "settings": {}, "source": "s", "test_set": "t", "image_size": 16, "seed": 1}
    outputs = {"index": tmp_path / "out/index.csv", "record": tmp_path / "out/record.json"}
    inputs = {"pairs": listed, "weights": []}
    assert run_step("predict_part", {**text, "start": 0, "stop": 16}, inputs, outputs) == 0
    assert run_step("predict_part", {**text, "start": 16, "stop": 27}, inputs, outputs) == 1
    assert "line 21 of" in capsys.readouterr().err


AXES = {
    "image_sets": {"leaves": LARGE["image_sets"]["leaves"]},
    "test_sets": ["leaves"],
    "test_masks": ["boxes", "given"],
    "image_size": [[64, 64], [96, 64]],
}


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "leaves"), [({}, "leaves"), (AXES, "leaves~given~96x64")], ids=["one", "axes"])
def test_a_divided_run_ends_in_the_same_bytes_and_nothing_is_made_again(tmp_path, changes, leaves):
    repository = copy_repository(tmp_path)
    results = tmp_path / "results/large"
    config = str(repository.configure(**LARGE | changes))
    targets = [f"results/large/scores/{name}/{leaves}.parquet" for name in ("telea/untrained", "mean_fill/control")]
    assert repository.snakemake(*targets, "--configfile", config).returncode == 0
    whole = {path: (tmp_path / path).read_bytes() for path in targets}
    predicted = files(results / "predictions/telea/untrained" / leaves)
    config = str(repository.configure(**LARGE | changes, scatter=8))
    said = repository.snakemake(*targets, "--dry-run", "--configfile", config)
    assert "Nothing to be done" in said.stdout + said.stderr

    for folder in ("scores", "predictions"):
        shutil.rmtree(results / folder)
    said = repository.snakemake(*targets, "--configfile", config)
    assert said.returncode == 0, said.stdout + said.stderr
    assert {path: (tmp_path / path).read_bytes() for path in targets} == whole
    assert files(results / "predictions/telea/untrained" / leaves).keys() == predicted.keys()
    for name, data in predicted.items():
        if name.endswith((".png", ".csv")):
            assert (results / "predictions/telea/untrained" / leaves / name).read_bytes() == data
    assert len(list((results / "parts/scores/telea/untrained" / leaves).glob("*.parquet"))) == 4

    said = repository.snakemake(*targets, "--dry-run", "--configfile", config)
    assert "Nothing to be done" in said.stdout + said.stderr
    shutil.rmtree(results / "parts")  # nothing reads them any more
    said = repository.snakemake(*targets, "--dry-run", "--configfile", config)
    assert "Nothing to be done" in said.stdout + said.stderr
