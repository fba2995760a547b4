"""From weights to graphs, their record, their parity and ONNX Runtime's scores, by the commands; tiny networks."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from lacuna import systems
from lacuna.canonical import canonical_json
from lacuna.data.lists import Pair
from lacuna.export import record as record_module
from lacuna.export.comparison import Difference
from lacuna.export.session import GraphFails
from lacuna.export.verification import evenly_spaced
from lacuna.files import read_json, sha256_of
from lacuna.reporting.tables.export import export_rows
from lacuna.reporting.tables.export_metrics import metric_rows
from tests.export.running import responsive
from tests.steps import run_step

SIZE = (44, 60)  # height and width of the run's pictures; AOT-GAN takes multiples of 4
METRICS = ["psnr", "l1", "ssim"]


def write_set(folder: Path, name: str, n: int, seed: int) -> Path:
    """n pictures with holes that are neither symmetric nor of one size; returns their list."""
    random, lines = np.random.default_rng(seed), []
    (folder / name).mkdir(parents=True)
    for number in range(n):
        coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        mask = np.zeros(SIZE, np.uint8)
        mask[3 : 10 + 3 * number, 20 : 41 + number] = 255
        paths = [folder / name / f"{number}_{what}.png" for what in ("image", "mask")]
        Image.fromarray(coarse).resize(SIZE[::-1], Image.Resampling.BICUBIC).save(paths[0])
        Image.fromarray(mask).save(paths[1])
        lines.append("\t".join(map(str, paths)) + "\n")
    path = folder / f"{name}.txt"
    path.write_text("".join(lines))
    return path


class Exported:
    """One tiny system: exported, verified, predicted and scored, all by the commands."""

    def __init__(self, folder: Path, name: str, settings: dict, size=SIZE, images=2):
        self.folder, self.name = folder / "export" / name / "sources", name
        self.weights = folder / f"{name}.safetensors"
        self.lists = [write_set(folder, "first", 3, 1), write_set(folder, "second", 4, 2)]
        self.settings = {"system": name, "settings": settings, "source": "sources", "image_size": [size[1], size[0]]}
        more = {"label": name, "test_sets": ["first", "second"], "metrics": METRICS, "images": images}
        self.verified_settings = self.settings | more

    def export(self) -> dict:
        output = self.folder / "record.json"
        assert run_step("export", self.settings, {"weights": self.weights}, {"record": output}) == 0
        return read_json(output)

    def verify(self) -> tuple[dict, pd.DataFrame]:
        output = self.folder / "parity.json"
        inputs = {"weights": self.weights, "record": self.folder / "record.json", "pairs": self.lists}
        outputs = {"parity": output, "scores": self.folder / "scores.parquet"}
        assert run_step("verify_export", self.verified_settings, inputs, outputs) == 0
        return read_json(output), pd.read_parquet(self.folder / "scores.parquet")

    def score_in_torch(self, folder: Path) -> list[Path]:
        indices = [folder / "predictions" / path.stem / "index.csv" for path in self.lists]
        scores = [folder / f"{path.stem}.parquet" for path in self.lists]
        for path, index in zip(self.lists, indices, strict=True):
            asked = self.settings | {"test_set": path.stem, "seed": 3}
            outputs = {"index": index, "record": index.with_name("record.json")}
            assert run_step("predict", asked, {"pairs": path, "weights": self.weights}, outputs) == 0
        asked = {"system": self.name, "source": "sources", "test_sets": ["first", "second"], "metrics": METRICS}
        assert run_step("score", asked, {"pairs": self.lists, "predictions": indices}, {"scores": scores}) == 0
        return scores


def settings_of(name: str) -> dict:
    return json.loads(json.dumps(systems.system_class(name).small))


@pytest.fixture(scope="module")
def aotgan(tmp_path_factory):
    """(the exported system, its record, its parity, ONNX Runtime's scores, files of PyTorch's)."""
    folder = tmp_path_factory.mktemp("aotgan")
    made = Exported(folder, "aotgan", settings_of("aotgan"))
    system = responsive("aotgan")
    note = canonical_json({"system": "aotgan", "settings": {}})
    save_file(
        {key: value.contiguous() for key, value in system.network.state_dict().items()}, made.weights, {"lacuna": note}
    )
    return made, made.export(), *made.verify(), made.score_in_torch(folder / "torch")


def test_the_record_says_what_the_files_are(aotgan):
    made, record, *_ = aotgan
    assert record["exported"] and (record["system"], record["source"]) == ("aotgan", "sources")
    assert set(record["files"]) == {"model.onnx", "end_to_end.onnx"}
    for name, entry in record["files"].items():
        path = made.folder / name
        assert entry["bytes"] == path.stat().st_size and entry["sha256"] == sha256_of(path)
        assert entry["opset"] == onnx.load(path).opset_import[0].version


def test_onnx_runtime_draws_the_same_at_both_sizes(aotgan):
    parity = aotgan[2]
    assert parity["verified"] and parity["providers"] == ["CPUExecutionProvider"]
    run, other, bytes_ = (parity[name] for name in ("run_size", "other_size", "end_to_end"))
    assert (run["sizes"], run["n"]) == ([list(SIZE)], 4)  # two of each test set
    assert (other["sizes"], other["n"]) == ([[56, 108]], 2)  # 55 and 105, padded to multiples of 4
    for found in (run, other):
        assert 0 < found["max_abs_difference"] <= 2e-5 < found["max_abs_value"]
        assert found["max_abs_clamped"] <= found["max_abs_difference"] and found["psnr"] > 90
    assert (bytes_["sizes"], bytes_["n"]) == ([[47, 65]], 2)
    assert bytes_["hole_levels"] <= 1 and bytes_["valid_changed"] == 0


def test_the_metrics_stand_beside_those_of_pytorch(aotgan):
    made, _, _, scores, in_torch = aotgan
    assert len(scores[["test_set", "image"]].drop_duplicates()) == 4
    table = metric_rows([made.folder / "parity.json"], in_torch, METRICS)
    assert list(table["metric"]) == ["psnr", "psnr", "l1", "l1", "ssim", "ssim"]  # the config's order
    assert list(table["region"]) == ["hole", "image"] * 3
    assert set(table["n"]) == {4}
    here = pd.concat(map(pd.read_parquet, in_torch))
    chosen = here.merge(scores[["test_set", "image"]].drop_duplicates())
    psnr = chosen[(chosen["metric"] == "psnr") & (chosen["prediction"] == "composite") & (chosen["region"] == "hole")]
    assert table["pytorch"][0] == pytest.approx(psnr["value"].mean())
    assert (table["difference"].abs() < 1e-3).all() and (table["largest_difference"] < 1e-2).all()


def test_other_predictions_in_onnx_runtime_are_seen(aotgan, tmp_path):
    """The graph of other weights: everything that is measured says so."""
    made, record, *_, in_torch = aotgan
    other = Exported(tmp_path, "aotgan", made.settings["settings"])
    other.lists, other.weights = made.lists, made.weights
    shutil.copytree(made.folder, other.folder)
    model = onnx.load(other.folder / "model.onnx")
    weight = max(model.graph.initializer, key=lambda each: len(each.raw_data))
    weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight) * 1.5, weight.name))
    onnx.save(model, other.folder / "model.onnx")
    parity, _ = other.verify()
    assert parity["run_size"]["max_abs_clamped"] > 1e-2 and parity["run_size"]["psnr"] < 60
    table = metric_rows([other.folder / "parity.json"], in_torch, METRICS)
    assert (table["difference"].abs() > 1e-6).any()
    assert export_rows([other.folder / "parity.json"], [])["equal"].tolist() == ["no"]
    assert export_rows([made.folder / "parity.json"], [])["equal"].tolist() == ["yes"]


def test_a_graph_that_does_not_run_is_a_finding(aotgan, tmp_path):
    made = aotgan[0]
    other = Exported(tmp_path, "aotgan", made.settings["settings"])
    other.lists, other.weights = made.lists, made.weights
    shutil.copytree(made.folder, other.folder)
    (other.folder / "model.onnx").write_bytes((made.folder / "model.onnx").read_bytes()[:500])
    parity, scores = other.verify()
    assert not parity["verified"] and len(scores) == 0
    assert parity["reason"].startswith("ONNX Runtime cannot load ") and "model.onnx (" in parity["reason"]
    (row,) = export_rows([other.folder / "parity.json"], []).to_dict("records")
    assert (row["exported"], row["verified"]) == ("yes", "no") and row["reason"] == parity["reason"]
    assert len(metric_rows([other.folder / "parity.json"], [], METRICS)) == 0


def test_a_graph_that_is_missing_is_an_error(aotgan, tmp_path, capsys):
    made = aotgan[0]
    (tmp_path / "record.json").write_text((made.folder / "record.json").read_text())
    inputs = {"weights": made.weights, "record": tmp_path / "record.json", "pairs": made.lists}
    outputs = {"parity": tmp_path / "parity.json", "scores": tmp_path / "scores.parquet"}
    assert run_step("verify_export", made.verified_settings, inputs, outputs) == 1
    assert "model.onnx is missing" in capsys.readouterr().err
    assert not (tmp_path / "parity.json").exists() and not (tmp_path / "scores.parquet").exists()


def test_what_onnx_cannot_hold_is_a_row_with_the_reason(aotgan, tmp_path, monkeypatch):
    made = aotgan[0]
    other = Exported(tmp_path, "aotgan", made.settings["settings"])
    other.lists, other.weights = made.lists, made.weights
    shutil.copytree(made.folder, other.folder)

    def refuse(*_):
        raise record_module.LacunaError("the operator Sketch is not one of ONNX's")

    monkeypatch.setitem(record_module.GRAPHS, "end_to_end.onnx", refuse)
    record = other.export()
    assert record["exported"] is False and record["reason"] == "the operator Sketch is not one of ONNX's"
    assert not list(other.folder.glob("*.onnx"))
    parity, scores = other.verify()
    assert parity == {"verified": False, "reason": record["reason"]} and len(scores) == 0
    rows = export_rows([other.folder / "parity.json"], [["telea", "untrained", "an algorithm"]])
    assert rows[["system", "exported", "reason"]].to_numpy().tolist() == [
        ["aotgan", "no", "the operator Sketch is not one of ONNX's"],
        ["telea", "no", "an algorithm"],
    ]


def test_weights_of_another_system_are_an_error_and_leave_nothing(aotgan, tmp_path, capsys):
    made = aotgan[0]
    settings = made.settings | {"system": "tfill", "settings": settings_of("tfill")}
    assert run_step("export", settings, {"weights": made.weights}, {"record": tmp_path / "record.json"}) == 1
    assert "are of system 'aotgan', not 'tfill'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_files_run_without_this_project(aotgan, tmp_path):
    """In an interpreter that knows NumPy and ONNX Runtime only."""
    made = aotgan[0]
    program = """
import sys, numpy, onnxruntime
network, end_to_end = (onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in sys.argv[1:])
random = numpy.random.default_rng(0)
image, mask = random.random((2, 3, 48, 56), dtype="float32"), numpy.zeros((2, 1, 48, 56), "float32")
mask[:, :, 5:30, 9:20] = 1
(raw,) = network.run(["raw"], {"image": image, "mask": mask})
assert raw.shape == image.shape and raw.dtype == numpy.float32 and numpy.isfinite(raw).all()
picture, hole = random.integers(0, 256, (51, 39, 3), dtype="uint8"), numpy.zeros((51, 39), "uint8")
hole[7:33, 2:21] = 200
(composite,) = end_to_end.run(["composite"], {"image": picture, "mask": hole})
assert composite.dtype == numpy.uint8 and (composite[hole < 128] == picture[hole < 128]).all()
assert (composite[hole >= 128] != picture[hole >= 128]).mean() > 0.5
assert not [name for name in sys.modules if name.split(".")[0] in ("lacuna", "torch")]
print("fine")
"""
    files = [str(made.folder / name) for name in ("model.onnx", "end_to_end.onnx")]
    done = subprocess.run([sys.executable, "-I", "-c", program, *files], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "fine", done.stderr


@pytest.mark.slow
def test_tfill_takes_every_size_even_when_traced_at_its_own(tmp_path):
    fixed = settings_of("tfill")["fixed_size"]
    made = Exported(tmp_path, "tfill", settings_of("tfill"), size=(fixed, fixed), images=1)
    note = canonical_json({"system": "tfill", "settings": {}})
    state = responsive("tfill").network.state_dict()
    save_file({key: value.contiguous() for key, value in state.items()}, made.weights, {"lacuna": note})
    made.export()
    parity, _ = made.verify()
    assert parity["verified"], parity["reason"]
    assert max(parity[name]["max_abs_difference"] for name in ("run_size", "other_size")) <= 5e-5
    assert parity["end_to_end"]["hole_levels"] <= 1


def test_differences_by_hand():
    difference = Difference()
    one, other = torch.full((2, 3, 1, 2), 0.5), torch.full((2, 3, 1, 2), 0.5)
    other[0, 0, 0, 0] = 0.75  # 1 of 12 values
    one[1, 0, 0, 0], other[1, 0, 0, 0] = -3.0, -5.0  # nothing of it is left between 0 and 1
    difference.add(one, other)
    found = difference.record()
    assert (found["max_abs_difference"], found["max_abs_value"], found["max_abs_clamped"]) == (2.0, 5.0, 0.25)
    assert found["psnr"] == pytest.approx(10 * np.log10(12 / 0.25**2))
    assert (found["n"], found["sizes"]) == (2, [[1, 2]])
    same = Difference()
    same.add(one, one)
    assert same.record()["psnr"] is None and same.record()["max_abs_difference"] == 0
    broken = one.clone()
    broken[1, 2, 0, 1] = float("nan")
    for pair, whose in (((broken, one), "ONNX Runtime"), ((one, broken), "PyTorch"), ((broken, broken), "PyTorch")):
        with pytest.raises(GraphFails, match=f"^{whose}'s predictions hold values that are not finite"):
            same.add(*pair)


def test_images_are_spread_over_the_list():
    pairs = [Pair(str(number), "mask") for number in range(10)]
    assert [pair.image for pair in evenly_spaced(pairs, 3)] == ["1", "5", "8"]
    assert evenly_spaced(pairs, None) == evenly_spaced(pairs, 10) == evenly_spaced(pairs, 99) == pairs
