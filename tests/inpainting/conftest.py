"""Small models on disk: a network's weights as training writes them, and ONNX files with the exporters' contract."""

from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from lacuna import systems
from lacuna.canonical import canonical_json
from lacuna.training.results import note_of, write_weights
from lacuna.training.settings import Settings

TINY = {"width": 8, "blocks": 1, "rates": [1, 2], "discriminator_width": 8}


@pytest.fixture(autouse=True)
def determinism_ends_with_the_test():
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def aotgan(tmp_path) -> tuple[object, Path]:
    """A tiny AOT-GAN, and its weights in the file that `lacuna step train` would write."""
    torch.manual_seed(3)
    system = systems.create("aotgan", **TINY)
    with torch.no_grad():
        for parameter in system.network.parameters():
            parameter.mul_(4)  # so that what it draws depends visibly on the picture
    path = tmp_path / "weights.safetensors"
    told = Settings("aotgan", {}, "place2", 32, seed=1)
    write_weights(path, system, note_of(told, system, 1, None))
    return system, path


def write_graph(path: Path, nodes, inputs, output, size=None) -> Path:
    graph = helper.make_graph(nodes, "g", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    note = {"system": "inverter", "size": size or {"dynamic": ["height", "width"], "multiple": 1, "minimum": 1}}
    model.metadata_props.add(key="lacuna", value=canonical_json(note))
    onnx.save(model, path)
    return path


def bytes_graph(path: Path, height="height", width="width") -> Path:
    """From bytes to bytes: in the hole, 255 − image."""
    values = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Constant", [], ["top"], value=helper.make_tensor("t", TensorProto.INT32, [], [255])),
        helper.make_node("Constant", [], ["from"], value=helper.make_tensor("f", TensorProto.INT32, [], [128])),
        helper.make_node("Constant", [], ["axes"], value=helper.make_tensor("a", TensorProto.INT64, [1], [2])),
        helper.make_node("Cast", ["image"], ["numbers"], to=TensorProto.INT32),
        helper.make_node("Cast", ["mask"], ["levels"], to=TensorProto.INT32),
        helper.make_node("GreaterOrEqual", ["levels", "from"], ["flat"]),
        helper.make_node("Unsqueeze", ["flat", "axes"], ["hole"]),
        helper.make_node("Sub", ["top", "numbers"], ["other"]),
        helper.make_node("Where", ["hole", "other", "numbers"], ["chosen"]),
        helper.make_node("Cast", ["chosen"], ["composite"], to=TensorProto.UINT8),
    ]
    inputs = [
        values("image", TensorProto.UINT8, [height, width, 3]),
        values("mask", TensorProto.UINT8, [height, width]),
    ]
    return write_graph(path, nodes, inputs, values("composite", TensorProto.UINT8, [height, width, 3]))


def tensor_graph(path: Path, scale=-1.0, multiple=4, minimum=16) -> Path:
    """From tensors to tensors: raw = 1 + scale · image, where the mask is 1; sizes as the metadata say."""
    values = helper.make_tensor_value_info
    numbers = {"one": 1.0, "scale": scale}
    nodes = [
        helper.make_node("Constant", [], [name], value=helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
        for name, value in numbers.items()
    ]
    # blocks of `multiple` pixels, taken apart and put together again: other sizes fail
    nodes += [
        helper.make_node("SpaceToDepth", ["image"], ["blocks"], blocksize=multiple),
        helper.make_node("DepthToSpace", ["blocks"], ["whole"], blocksize=multiple),
        helper.make_node("Mul", ["whole", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "one"], ["filled"]),
        helper.make_node("Mul", ["filled", "mask"], ["raw"]),
    ]
    axes = ["batch", 3, "height", "width"]
    inputs = [
        values("image", TensorProto.FLOAT, axes),
        values("mask", TensorProto.FLOAT, ["batch", 1, "height", "width"]),
    ]
    size = {"dynamic": ["batch", "height", "width"], "multiple": multiple, "minimum": minimum}
    return write_graph(path, nodes, inputs, values("raw", TensorProto.FLOAT, axes), size)
