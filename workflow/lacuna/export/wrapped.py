"""Somebody's graph as one from bytes to bytes: what the studio can call without knowing its interface.

Around the graph stand operators of ONNX that do what `lacuna.inpainting.interfaces` says of it: the picture's numbers,
the mask's, the sizes. Nothing of the graph is changed; what it needs of opset 13 it has, or it is converted.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter

from lacuna.errors import LacunaError
from lacuna.export.end_to_end import HOLE_FROM
from lacuna.files import atomic

LEAST_OPSET, OPSET = 13, 17
TYPES = {np.uint8: TensorProto.UINT8, np.float16: TensorProto.FLOAT16, np.float32: TensorProto.FLOAT}
P = "lacuna_"  # before every name of ours
SIZE, HOLE = f"{P}size", f"{P}hole"


def write_wrapped(path: str | Path, facts: dict, output: str | Path) -> None:
    """Write the graph of `path` as image uint8 H×W×3, mask uint8 H×W → composite uint8 H×W×3 to `output`.

    facts: `image`, `mask` (names of its inputs), `dtypes` (theirs), `multiple`, `minimum`, `reads`, `answers`,
    `of_mask` (known, hole), `erased`, `index` (of its output). A hole holds the mean colour of what is known, or 0 with
    `erased`; sides are enlarged by the last row and column, which count as known. A graph that ONNX cannot read or
    convert is a `LacunaError`.
    """
    try:
        model = onnx.load(str(path))
        if next(each.version for each in model.opset_import if each.domain in ("", "ai.onnx")) < LEAST_OPSET:
            model = version_converter.convert_version(model, OPSET)
    except Exception as error:  # protobuf's and ONNX's errors have no common class
        reason = " ".join(str(error).split())[:200]
        raise LacunaError(
            f"the graph {path} cannot be wrapped for the studio ({reason}); leave the studio out"
        ) from None
    build = _Nodes()
    _before(build, facts)
    before, build.nodes = build.nodes, []
    _after(build, facts, model.graph.output[facts["index"]].name)
    graph = helper.make_graph(
        [*before, *model.graph.node, *build.nodes],
        "wrapped",
        [
            helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", 3]),
            helper.make_tensor_value_info("mask", TensorProto.UINT8, ["height", "width"]),
        ],
        [helper.make_tensor_value_info("composite", TensorProto.UINT8, ["height", "width", 3])],
        [*model.graph.initializer, *build.constants.values()],
    )
    wrapped = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    wrapped.functions.extend(model.functions)
    with atomic(output) as partial:
        onnx.save(wrapped, str(partial))


class _Nodes:
    """Nodes with names of ours."""

    def __init__(self) -> None:
        self.nodes: list = []
        self.constants: dict[str, TensorProto] = {}
        self.made = 0

    def constant(self, value, kind=np.float32) -> str:
        array = np.asarray(value, kind)
        name = f"{P}constant_{array.dtype}_{array.ndim}_{'_'.join(map(str, array.ravel()))}"
        self.constants[name] = numpy_helper.from_array(array, name)
        return name

    def whole(self, *values: int) -> str:
        return self.constant(values, np.int64)

    def __call__(self, operator: str, *inputs: str, result: str = "", **attributes) -> str:
        self.made += 1
        result = result or f"{P}{operator}_{self.made}"
        self.nodes.append(helper.make_node(operator, list(inputs), [result], **attributes))
        return result

    def cast(self, value: str, kind: int = TensorProto.FLOAT, result: str = "") -> str:
        return self("Cast", value, to=kind, result=result)

    def mean(self, value: str) -> str:
        """Over height and width: of 1×C×H×W one number a channel."""
        return self("GlobalAveragePool", value)


def _before(node: _Nodes, facts: dict) -> None:
    """From bytes to the graph's inputs; `lacuna_size` and `lacuna_hole` are used afterwards."""
    node("Shape", "mask", result=SIZE)
    above = node("Greater", node.cast("mask"), node.constant(HOLE_FROM - 0.5))
    hole = node("Unsqueeze", node.cast(above), node.whole(0, 1), result=HOLE)
    picture = node("Unsqueeze", node("Transpose", node.cast("image"), perm=[2, 0, 1]), node.whole(0))
    known = node("Sub", node.constant(1), hole)
    share = node("Max", node.mean(known), node.constant(1e-9))
    mean = node("Round", node("Div", node.mean(node("Mul", picture, known)), share))
    given = node("Add", node("Mul", picture, known), node("Mul", mean, hole))
    black, white = facts["reads"]
    values = node("Add", node("Mul", given, node.constant((white - black) / 255)), node.constant(black))
    if facts["erased"]:
        values = node("Mul", values, known)
    at_known, at_hole = facts["of_mask"]
    mask = node("Add", node("Mul", hole, node.constant(at_hole - at_known)), node.constant(at_known))
    multiple = node.whole(facts["multiple"])
    size = node("Max", SIZE, node.whole(facts["minimum"]))
    cells = node("Div", node("Add", size, node.whole(facts["multiple"] - 1)), multiple)
    more = node("Sub", node("Mul", cells, multiple), SIZE)
    pads = node("Concat", node.whole(0, 0, 0, 0, 0, 0), more, axis=0)
    padded = node("Pad", values, pads, mode="edge")
    flat = node("Pad", mask, pads, node.constant(at_known))  # what lies beyond is known
    for name, value, dtype in zip((facts["image"], facts["mask"]), (padded, flat), facts["dtypes"], strict=True):
        node.cast(node("Round", value) if dtype is np.uint8 else value, TYPES[dtype], name)


def _after(node: _Nodes, facts: dict, answer: str) -> None:
    """From the graph's answer to the composite's bytes."""
    dark, light = facts["answers"]
    cut = node("Slice", node.cast(answer), node.whole(0, 0), SIZE, node.whole(2, 3))
    levels = node("Mul", node("Sub", cut, node.constant(dark)), node.constant(255 / (light - dark)))
    drawn = node("Round", node("Clip", levels, node.constant(0), node.constant(255)))
    upright = node("Transpose", node("Squeeze", drawn, node.whole(0)), perm=[1, 2, 0])
    in_hole = node(
        "Greater", node("Transpose", node("Squeeze", HOLE, node.whole(0)), perm=[1, 2, 0]), node.constant(0.5)
    )
    both = node("Where", in_hole, upright, node.cast("image"))
    node.cast(both, TensorProto.UINT8, "composite")
