"""ONNX graphs as others write them: a blur of what is known, in any range, polarity, layout and type."""

from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import TensorProto, helper

KINDS = {"float": TensorProto.FLOAT, "half": TensorProto.FLOAT16, "bytes": TensorProto.UINT8}


@dataclass
class Foreign:
    """reads, answers: black and white of picture and answer. white_is_hole: of the mask. sides: "height", or a number.

    leak: share of what lies under the hole that is added. gain: a factor of the answer. ignores: the picture.
    """

    reads: tuple[float, float] = (0, 1)
    answers: tuple[float, float] = (0, 1)
    white_is_hole: bool = True
    kind: str = "float"
    channels_last: bool = False
    sides: tuple = ("height", "width")
    batch: object = 1
    multiple: int = 1
    names: tuple[str, str, str] = ("img", "msk", "output")
    leak: float = 0.0
    gain: float = 1.0
    ignores: bool = False
    noise: bool = False
    twice: bool = False

    def write(self, path: Path, note: str | None = None) -> Path:
        image, mask, output = self.names
        top = 255.0 if self.kind == "bytes" else 1.0
        (black, white), (dark, light) = self.reads, self.answers
        numbers = {"one": 1.0, "eps": 1e-3, "top": top, "black": black, "span": white - black, "dark": dark}
        numbers |= {"rise": (light - dark) * self.gain, "leak": self.leak, "nothing": 0.0}
        nodes = [
            helper.make_node("Constant", [], [name], value=helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
            for name, value in numbers.items()
        ]

        def step(operator, inputs, result, **more):
            nodes.append(helper.make_node(operator, inputs, [result], **more))
            return result

        def cast(name, wanted, result):
            return step("Cast", [name], result, to=wanted)

        x, m = cast(image, TensorProto.FLOAT, "x0"), cast(mask, TensorProto.FLOAT, "m0")
        if self.channels_last:
            x, m = (step("Transpose", [each], each + "t", perm=[0, 3, 1, 2]) for each in (x, m))
        if self.multiple > 1:  # blocks, taken apart and put together again: other sizes fail
            x = step("SpaceToDepth", [x], "blocks", blocksize=self.multiple)
            x = step("DepthToSpace", [x], "whole", blocksize=self.multiple)
        x = step("Div", [step("Sub", [x, "black"], "x1"), "span"], "x2")
        if self.ignores:
            x = step("Mul", [x, "nothing"], "ignored")
        m = step("Div", [m, "top"], "m1")
        known = step("Sub", ["one", m], "inverse") if self.white_is_hole else m
        around = {"kernel_shape": [31, 31], "pads": [15] * 4, "count_include_pad": 1}
        blur = step("AveragePool", [step("Mul", [x, known], "masked")], "blurred", **around)
        share = step("Max", [step("AveragePool", [known], "share", **around), "eps"], "least")
        filled = step("Div", [blur, share], "filled")
        filled = step("Add", [filled, step("Mul", [x, "leak"], "leaked")], "with_leak")
        if self.noise:
            filled = step("Add", [filled, step("RandomUniformLike", [filled], "random")], "with_noise")
        raw = step("Add", [step("Mul", [filled, "rise"], "risen"), "dark"], "answer")
        if self.channels_last:
            raw = step("Transpose", [raw], "last", perm=[0, 2, 3, 1])
        cast(raw, KINDS[self.kind], output)
        axes = lambda channels: (  # noqa: E731
            [self.batch, *self.sides, channels] if self.channels_last else [self.batch, channels, *self.sides]
        )
        describe = helper.make_tensor_value_info
        inputs = [describe(mask, KINDS[self.kind], axes(1)), describe(image, KINDS[self.kind], axes(3))]
        outputs = [describe(output, KINDS[self.kind], axes(3))]
        if self.twice:
            nodes.append(helper.make_node("Identity", [output], ["again"]))
            outputs.append(describe("again", KINDS[self.kind], axes(3)))
        graph = helper.make_graph(nodes, "g", inputs, outputs)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        if note is not None:
            model.metadata_props.add(key="lacuna", value=note)
        onnx.save(model, path)
        return path


def identity(path: Path, inputs: dict, outputs: dict, note: str | None = None) -> Path:
    """Each output is the input of its place. inputs, outputs: name → (kind, shape)."""
    nodes = [helper.make_node("Identity", [a], [b]) for a, b in zip(inputs, outputs, strict=False)]
    described = [
        [helper.make_tensor_value_info(name, KINDS[kind], shape) for name, (kind, shape) in each.items()]
        for each in (inputs, outputs)
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "g", *described), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    if note is not None:
        model.metadata_props.add(key="lacuna", value=note)
    onnx.save(model, path)
    return path
