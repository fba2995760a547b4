"""The command, on tiny systems: what is counted, timed and refused."""

import json
import platform
import re
import subprocess
import sys

import pytest
import torch

from lacuna import systems
from lacuna.canonical import canonical_json
from lacuna.cli import main
from lacuna.complexity import networks
from lacuna.complexity.networks import pictures
from lacuna.export.network import export_network
from lacuna.systems._counting import parameters_of

AOTGAN = {"width": 4, "blocks": 1, "rates": [1, 2], "discriminator_width": 4}
BOUNDS = {"seconds": 0.01, "largest_batch_cpu": 3, "largest_batch_gpu": 5}


def measured(tmp_path, system, settings, *arguments, size=(53, 42), bounds=BOUNDS):
    told = {"system": system, "settings": settings, "image_size": list(size), "measurement": bounds}
    output = tmp_path / "measured.json"
    words = ["measure", "--settings", canonical_json(told), "--threads", "1", "--output", str(output)]
    status = main([*words, *map(str, arguments)])
    assert output.exists() == (status == 0)
    result = json.loads(output.read_text()) if status == 0 else None
    output.unlink(missing_ok=True)
    return result


def check_rows(rows, expected):
    assert [(row["runtime"], row["device"], row["batch"]) for row in rows] == expected
    for row in rows:
        assert 0 < row["q1_ms"] <= row["median_ms"] <= row["q3_ms"]
        assert row["repeats"] >= 1
        assert row["peak_memory"] >= 0 if sys.platform == "linux" else row["peak_memory"] is None


def test_a_network_is_counted_at_three_sizes_and_timed_at_two_batches(tmp_path):
    result = measured(tmp_path, "aotgan", AOTGAN)
    check_rows(result["rows"], [("pytorch", "cpu", 1), ("pytorch", "cpu", 3)])
    run, run_256, authors = (result["counts"][name] for name in ("run", "run_256", "authors_256"))
    system = systems.create("aotgan", **AOTGAN)
    assert run["parameters"] == run_256["parameters"] == parameters_of(system.network)
    assert run["parameters"] == sum(part["parameters"] for part in run["parts"].values())
    assert run["discriminator"] == parameters_of(system.discriminator)
    assert authors["parameters"] == 15_200_835
    assert (run["height"], run["width"]) == (44, 56)  # 42×53 enlarged to multiples of 4
    assert run_256["macs"] / run["macs"] == pytest.approx(256**2 / (44 * 56))
    assert result["machine"]["threads"] == 1 and result["machine"]["gpu"] is None


def test_an_exported_graph_is_timed_beside_pytorch(tmp_path):
    system = systems.create("aotgan", **AOTGAN)
    system.network.eval()
    export_network(system, tmp_path / "model.onnx", 44, 56)
    result = measured(tmp_path, "aotgan", AOTGAN, "--onnx", tmp_path / "model.onnx")
    expected = [(runtime, "cpu", batch) for runtime in ("pytorch", "onnxruntime") for batch in (1, 3)]
    check_rows(result["rows"], expected)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only Linux tells the peak, only glibc empties its heap")
def test_no_peak_is_below_the_inputs_and_one_layer_whatever_the_process_did_before(tmp_path):
    width, side = 16, (160, 96)
    settings = AOTGAN | {"width": width}
    system = systems.create("aotgan", **settings)
    system.network.eval()
    export_network(system, tmp_path / "model.onnx", *side[::-1])
    told = {"system": "aotgan", "settings": settings, "image_size": side, "measurement": BOUNDS}
    words = ["measure", "--settings", canonical_json(told), "--threads", "1", "--onnx", str(tmp_path / "model.onnx")]
    program = """
import sys
import onnxruntime, torch
from lacuna import systems
from lacuna.cli import main
last = [bytes([number % 256]) * 4096 for number in range(256 * 256)][-1]  # 256 MiB of the heap, free again
sys.exit(main(sys.argv[1:]))
"""
    subprocess.run([sys.executable, "-c", program, *words, "--output", str(tmp_path / "made.json")], check=True)
    rows = json.loads((tmp_path / "made.json").read_text())["rows"]
    assert [row["batch"] for row in rows] == [1, 3, 1, 3]
    channels = 4 + 2 * width + width  # image and mask, and what the last convolution but one takes and makes
    for row in rows:
        assert row["peak_memory"] > row["batch"] * channels * side[0] * side[1] * 4


def test_the_graph_beside_the_record_of_an_export_is_timed(tmp_path):
    record = tmp_path / "record.json"
    record.write_text('{"exported": false, "reason": "made up"}')
    assert len(measured(tmp_path, "aotgan", AOTGAN, "--exported", record)["rows"]) == 2
    record.write_text('{"exported": true}')
    assert measured(tmp_path, "aotgan", AOTGAN, "--exported", record) is None  # there is no graph yet
    system = systems.create("aotgan", **AOTGAN)
    system.network.eval()
    export_network(system, tmp_path / "model.onnx", 44, 56)
    assert len(measured(tmp_path, "aotgan", AOTGAN, "--exported", record)["rows"]) == 4
    assert len(measured(tmp_path, "aotgan", AOTGAN, "--exported")["rows"]) == 2  # what the rule says without a graph


def test_what_has_no_graph_and_two_graphs_are_refused(tmp_path, capsys):
    assert measured(tmp_path, "telea", {}, "--onnx", tmp_path / "model.onnx") is None
    assert "system 'telea' is classical and has no exported graph" in capsys.readouterr().err
    assert measured(tmp_path, "aotgan", AOTGAN, "--exported", tmp_path / "a", tmp_path / "b") is None
    assert "--exported takes one file, not 2" in capsys.readouterr().err


def test_a_fit_is_timed_once_and_alone(tmp_path):
    result = measured(tmp_path, "deep_image_prior", systems.system_class("deep_image_prior").small, size=(32, 40))
    check_rows(result["rows"], [("pytorch", "cpu", 1)])
    assert result["rows"][0]["repeats"] == 1
    assert result["kind"] == "fitted" and result["counts"]["run"]["macs"] > 0


def test_an_algorithm_is_measured_without_torch(tmp_path):
    told = {"system": "telea", "settings": {}, "image_size": 24, "measurement": BOUNDS}
    code = (
        "import sys; from lacuna.cli import main; status = main(sys.argv[1:]);"
        "assert 'torch' not in sys.modules; sys.exit(status)"
    )
    words = ["measure", "--settings", canonical_json(told), "--output", str(tmp_path / "telea.json")]
    subprocess.run([sys.executable, "-c", code, *words], check=True)
    result = json.loads((tmp_path / "telea.json").read_text())
    check_rows(result["rows"], [("classical", "cpu", 1)])
    assert result["counts"] is None and result["image_size"] == [24, 24]


def test_a_batch_that_does_not_fit_is_halved(monkeypatch):
    def too_large(self, image, mask):
        if len(image) > 2:
            raise torch.OutOfMemoryError("made up")
        return image

    monkeypatch.setattr(systems.system_class("aotgan")(**AOTGAN).network.__class__, "forward", too_large)
    rows = networks.measure("aotgan", AOTGAN, 36, 40, [torch.device("cpu")], 0.0, 1, {"cpu": 9, "cuda": 1})
    assert [row["batch"] for row in rows] == [1, 2]


def test_the_hole_is_a_quarter_and_the_pictures_are_always_the_same():
    image, mask = pictures(2, 40, 24)
    assert image.shape == (2, 3, 40, 24) and mask.shape == (2, 1, 40, 24)
    assert mask.mean() == 0.25 and image.min() >= 0 and image.max() <= 1
    assert torch.equal(image, pictures(2, 40, 24)[0])


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda path: None, r"model\.onnx is missing"),
        (lambda path: path.write_bytes(b"no graph"), "ONNX Runtime cannot load"),
        (lambda path: other_graph(path), r"it has \['x'\] → \['y'\]"),
    ],
)
def test_a_file_that_is_no_such_graph_is_refused(tmp_path, capsys, make, complaint):
    make(tmp_path / "model.onnx")
    assert measured(tmp_path, "aotgan", AOTGAN, "--onnx", tmp_path / "model.onnx") is None
    complaints = capsys.readouterr().err.strip().splitlines()
    assert len(complaints) == 1 and re.search(complaint, complaints[0])


def other_graph(path):
    """A graph x → y."""
    import onnx
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
