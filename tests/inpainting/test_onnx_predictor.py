import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from lacuna.errors import LacunaError
from lacuna.export import session
from lacuna.export.end_to_end import export_end_to_end
from lacuna.export.network import export_network
from lacuna.inpainting.interfaces import METADATA_KEY
from lacuna.inpainting.onnx_predictor import Graph
from tests.inpainting.conftest import bytes_graph, tensor_graph
from tests.inpainting.made_up import box, noise


def test_from_bytes_to_bytes(tmp_path):
    image, hole = noise(), box()
    graph = Graph(bytes_graph(tmp_path / "g.onnx"), threads=1)
    assert (
        graph.interface.reads == (0, 255) and graph.size is None and graph.name == "inverter" and "CPU" in graph.device
    )
    result = graph.predict(image, hole)
    assert (result == np.where(hole[..., None], 255 - image, image)).all()


def test_without_a_gpu_s_driver_the_cpu_is_taken_in_silence(tmp_path, capfd, monkeypatch):
    def absent(name):
        raise OSError(name)

    monkeypatch.setattr(session.ctypes, "CDLL", absent)
    assert Graph(bytes_graph(tmp_path / "g.onnx"), gpus=1, threads=1).device == "ONNX Runtime, CPU"
    assert capfd.readouterr() == ("", "")


def test_a_graph_of_one_size_gets_that_size(tmp_path):
    graph = Graph(bytes_graph(tmp_path / "g.onnx", 48, 56), threads=1)
    assert graph.size == (48, 56)
    image, hole = noise(), box()
    assert (graph.predict(image, hole) == np.where(hole[..., None], 255 - image, image)).all()
    with pytest.raises(LacunaError, match="exactly 56×48 pixels"):
        graph.predict(noise(49, 56), box(49, 56))


@pytest.mark.parametrize(("height", "width"), [(37, 53), (7, 1), (48, 16)])
def test_from_tensors_to_tensors_at_any_size(tmp_path, height, width):
    graph = Graph(tensor_graph(tmp_path / "g.onnx"), threads=1)
    assert graph.interface.reads == (0, 1)
    image, hole = noise(height, width), np.zeros((height, width), bool)
    hole[2:6] = True
    assert (graph.predict(image, hole)[hole] == (255 - image)[hole]).all()


def test_what_is_beyond_the_range_is_cut_off_and_what_is_not_finite_refused(tmp_path):
    image, hole = noise(), box()
    assert (Graph(tensor_graph(tmp_path / "g.onnx", scale=5.0), threads=1).predict(image, hole)[hole] == 255).all()
    with pytest.raises(LacunaError, match="not finite"):
        Graph(tensor_graph(tmp_path / "n.onnx", scale=float("nan")), threads=1).predict(image, hole)


def test_other_files_are_one_sentence(tmp_path):
    (tmp_path / "text.onnx").write_text("no graph")
    whole = bytes_graph(tmp_path / "g.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[: len(whole) // 2])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    other = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    onnx.save(helper.make_model(other, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "o.onnx")
    for name, sentence in (
        ("none.onnx", "is missing; export the system first"),
        ("text.onnx", "ONNX Runtime cannot load"),
        ("cut.onnx", "ONNX Runtime cannot load"),
        ("o.onnx", "not one picture of three channels and one mask"),
    ):
        with pytest.raises(LacunaError, match=sentence) as error:
            Graph(tmp_path / name, threads=1)
        assert "\n" not in str(error.value)


def test_exported_networks_fill_as_the_network_itself(tmp_path, aotgan):
    system, _ = aotgan
    image, hole = noise(44, 72), box(44, 72)
    own = system.predict_arrays([image], [hole])[0].astype(int)
    for write in (export_network, export_end_to_end):
        write(system, tmp_path / "g.onnx", 32, 32)
        graph = Graph(tmp_path / "g.onnx", threads=1)
        assert graph.name == "aotgan"
        assert np.abs(graph.predict(image, hole).astype(int) - own)[hole].max() <= 1
    note = onnx.load(tmp_path / "g.onnx").metadata_props
    assert json.loads(next(each.value for each in note if each.key == METADATA_KEY))["system"] == "aotgan"
