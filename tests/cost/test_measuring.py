"""The command, on tiny systems: what is counted, timed and refused."""

import json
import platform
import re
import subprocess
import sys

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from lacuna import systems
from lacuna.cost import networks
from lacuna.cost.networks import pictures
from lacuna.errors import LacunaError
from lacuna.export.network import export_network
from lacuna.systems._counting import parameters_of
from tests.steps import run_step, words_of

pytestmark = pytest.mark.slow

AOTGAN = {"width": 4, "blocks": 1, "rates": [1, 2], "discriminator_width": 4}
BOUNDS = {"seconds": 0.01, "largest_batch_cpu": 3, "largest_batch_gpu": 5}


def measured(tmp_path, system, settings, *exported, size=(53, 42), bounds=BOUNDS):
    told = {"system": system, "settings": settings, "image_size": list(size), "cost": bounds}
    output = tmp_path / "measured.json"
    status = run_step("measure", told, {"exported": exported}, {"cost": output})
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
    result = measured(tmp_path, "aotgan", AOTGAN, tmp_path / "model.onnx")
    expected = [(runtime, "cpu", batch) for runtime in ("pytorch", "onnxruntime") for batch in (1, 3)]
    check_rows(result["rows"], expected)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only Linux tells the peak, only glibc empties its heap")
def test_no_peak_is_below_the_inputs_and_one_layer_whatever_the_process_did_before(tmp_path):
    width, side = 16, (160, 96)
    settings = AOTGAN | {"width": width}
    system = systems.create("aotgan", **settings)
    system.network.eval()
    export_network(system, tmp_path / "model.onnx", *side[::-1])
    told = {"system": "aotgan", "settings": settings, "image_size": side, "cost": BOUNDS}
    given = {"exported": tmp_path / "model.onnx"}
    words = words_of("measure", told, given, {"cost": tmp_path / "made.json"})
    program = """
import sys
import onnxruntime, torch
from lacuna import systems
from lacuna.cli import main
last = [bytes([number % 256]) * 4096 for number in range(256 * 256)][-1]  # 256 MiB of the heap, free again
sys.exit(main(sys.argv[1:]))
"""
    subprocess.run([sys.executable, "-c", program, *words], check=True)
    rows = json.loads((tmp_path / "made.json").read_text())["rows"]
    assert [row["batch"] for row in rows] == [1, 3, 1, 3]
    channels = 4 + 2 * width + width  # image and mask, and what the last convolution but one takes and makes
    for row in rows:
        assert row["peak_memory"] > row["batch"] * channels * side[0] * side[1] * 4


def test_the_graph_beside_the_record_of_an_export_is_timed(tmp_path):
    record = tmp_path / "record.json"
    record.write_text('{"exported": false, "reason": "made up"}')
    assert len(measured(tmp_path, "aotgan", AOTGAN, record)["rows"]) == 2
    record.write_text('{"exported": true}')
    assert measured(tmp_path, "aotgan", AOTGAN, record) is None  # there is no graph yet
    system = systems.create("aotgan", **AOTGAN)
    system.network.eval()
    export_network(system, tmp_path / "model.onnx", 44, 56)
    assert len(measured(tmp_path, "aotgan", AOTGAN, record)["rows"]) == 4
    assert len(measured(tmp_path, "aotgan", AOTGAN)["rows"]) == 2  # what the rule says without a graph


def test_what_has_no_graph_and_two_graphs_are_refused(tmp_path, capsys):
    assert measured(tmp_path, "telea", {}, tmp_path / "model.onnx") is None
    assert "system 'telea' is classical and has no exported graph" in capsys.readouterr().err
    assert measured(tmp_path, "aotgan", AOTGAN, tmp_path / "a", tmp_path / "b") is None
    assert "this step takes one export, not 2" in capsys.readouterr().err


def test_a_fit_is_timed_once_and_alone(tmp_path):
    result = measured(tmp_path, "deep_image_prior", systems.system_class("deep_image_prior").small, size=(32, 40))
    check_rows(result["rows"], [("pytorch", "cpu", 1)])
    assert result["rows"][0]["repeats"] == 1
    assert result["kind"] == "fitted" and result["counts"]["run"]["macs"] > 0


def test_an_algorithm_is_measured_without_torch(tmp_path):
    told = {"system": "telea", "settings": {}, "image_size": 24, "cost": BOUNDS}
    code = (
        "import sys; from lacuna.cli import main; status = main(sys.argv[1:]);"
        "assert 'torch' not in sys.modules; sys.exit(status)"
    )
    words = words_of("measure", told, {}, {"cost": tmp_path / "telea.json"})
    subprocess.run([sys.executable, "-c", code, *words], check=True)
    result = json.loads((tmp_path / "telea.json").read_text())
    check_rows(result["rows"], [("classical", "cpu", 1)])
    assert result["counts"] is None and result["image_size"] == [24, 24]


@pytest.fixture
def hungry(monkeypatch):
    """A function that lets AOT-GAN take more memory than there is for more pictures than it is told."""

    def hungry(fitting):
        def forward(self, image, mask):
            return image if len(image) <= fitting else image.new_empty(2**60)

        monkeypatch.setattr(systems.create("aotgan", **AOTGAN).network.__class__, "forward", forward)

    return hungry


def test_a_batch_that_does_not_fit_is_halved(hungry):
    hungry(2)
    rows = networks.measure("aotgan", AOTGAN, 36, 40, [torch.device("cpu")], 0.0, 1, {"cpu": 9, "cuda": 1})
    assert [row["batch"] for row in rows] == [1, 2]


def test_a_batch_that_does_not_fit_in_a_graph_is_halved(tmp_path):
    hungry_graph(tmp_path / "model.onnx", 2)
    result = measured(tmp_path, "aotgan", AOTGAN, tmp_path / "model.onnx", bounds=BOUNDS | {"largest_batch_cpu": 9})
    assert [row["batch"] for row in result["rows"]] == [1, 9, 1, 2]


def test_one_picture_that_does_not_fit_is_one_sentence(tmp_path, capsys, hungry):
    hungry_graph(tmp_path / "model.onnx", 0)
    assert measured(tmp_path, "aotgan", AOTGAN, tmp_path / "model.onnx") is None
    expected = r"lacuna step measure: not enough memory for one picture in \S+model\.onnx \(.+\); choose .+\n"
    assert re.fullmatch(expected, capsys.readouterr().err)
    hungry(0)
    with pytest.raises(
        LacunaError, match=r"for one picture in system 'aotgan' on 40×36 pixels \(.+allocate.+\); choose"
    ):
        networks.measure("aotgan", AOTGAN, 36, 40, [torch.device("cpu")], 0.0, 1, {"cpu": 1, "cuda": 1})


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
        (
            lambda path: graph_of_one_size(path),
            r"cannot run \S+model\.onnx \(.+\); give the graph that `lacuna step export` wrote of this system for",
        ),
    ],
)
def test_a_file_that_is_no_such_graph_is_refused(tmp_path, capsys, make, complaint):
    make(tmp_path / "model.onnx")
    assert measured(tmp_path, "aotgan", AOTGAN, tmp_path / "model.onnx") is None
    complaints = capsys.readouterr().err.strip().splitlines()
    assert len(complaints) == 1 and re.search(complaint, complaints[0])


def other_graph(path):
    """A graph x → y."""
    save_graph(path, [helper.make_node("Relu", ["x"], ["y"])], {"x": [1]}, {"y": [1]})


def graph_of_one_size(path):
    """A graph image, mask → raw of 32×24 pixels alone."""
    nodes = [helper.make_node("Mul", ["image", "mask"], ["raw"])]
    save_graph(path, nodes, {"image": ["n", 3, 24, 32], "mask": ["n", 1, 24, 32]}, {"raw": ["n", 3, 24, 32]})


def hungry_graph(path, fitting):
    """A graph image, mask → raw that takes more memory than there is for more than `fitting` pictures."""
    constants = {"fitting": [fitting], "much": [2**57], "some": [1]}
    nodes = [
        *(helper.make_node("Constant", [], [name], value_ints=value) for name, value in constants.items()),
        helper.make_node("Shape", ["image"], ["n"], start=0, end=1),
        helper.make_node("Greater", ["n", "fitting"], ["too_many"]),
        helper.make_node("Where", ["too_many", "much", "some"], ["size"]),
        helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
        helper.make_node("ReduceMax", ["zeros"], ["zero"], keepdims=0),
        helper.make_node("Add", ["image", "zero"], ["raw"]),
    ]
    side = ["h", "w"]
    save_graph(path, nodes, {"image": ["n", 3, *side], "mask": ["n", 1, *side]}, {"raw": ["n", 3, *side]})


def save_graph(path, nodes, inputs, outputs):
    """inputs, outputs: name → shape, of float32."""
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in each.items()]
        for each in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "made up", *ends)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
