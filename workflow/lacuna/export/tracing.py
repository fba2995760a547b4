"""From a PyTorch module to a checked ONNX file."""

import io
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from lacuna.canonical import canonical_json
from lacuna.errors import LacunaError
from lacuna.export.replacements import replaced
from lacuna.files import atomic

METADATA_KEY = "lacuna"  # of the file's metadata_props: the record, as JSON
EXPORTER = "torch.onnx.export, TorchScript"
RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}

Axes = dict[str, dict[int, str]]


@torch.no_grad()
def write_graph(
    module: nn.Module, inputs: dict[str, Tensor], output: str, axes: Axes, path: str | Path, record: dict
) -> dict:
    """Trace `module` with `inputs`, check the graph, and write it to `path`, whole or not at all.

    output: name of the graph's only output, whose sides are those of the first input where they are neither free nor
    known. axes: names of the free axes of inputs and output. record: what is known already, with `system` and `opset`;
    returns it with `exporter`, `operators` (how many of each) and `replaced` (the operators that others stand for, see
    `lacuna.export.replacements`), as it is put into the file's metadata. What is not an operator of ONNX, or draws
    random numbers, is a `LacunaError` that names it.
    """
    stream = io.BytesIO()
    name = record["system"]
    try:
        with replaced() as used, _quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes that become constants: the networks' checks of what they take
            torch.onnx.export(
                module.eval(),
                tuple(inputs.values()),
                stream,  # type: ignore[arg-type]  # the exporter that is not dynamo takes a stream too
                dynamo=False,
                opset_version=record["opset"],
                input_names=list(inputs),
                output_names=[output],
                dynamic_axes=axes,
            )
    except LacunaError:
        raise
    except Exception as error:  # where an operator's translation stops is up to the exporter: TypeError, ValueError, …
        reason = " ".join(str(error).split())[:300]
        raise LacunaError(f"system '{name}' cannot be written as ONNX of opset {record['opset']}: {reason}") from error
    model = onnx.load_from_string(stream.getvalue())
    _without_aliases(model.graph)
    _without_split_weights(model.graph)
    _with_fixed_sides(model.graph.output[0], next(iter(inputs.values())).shape, axes.get(output, {}))
    _of_one_precision(model.graph)
    operators = Counter(_operators(model.graph))
    if drawn := sorted(RANDOM & operators.keys()):
        raise LacunaError(f"system '{name}' draws random numbers ({drawn[0]}), so its graph would have no fixed answer")
    record = {
        **record,
        "exporter": f"{EXPORTER} ({torch.__version__.split('+')[0]})",
        "operators": dict(sorted(operators.items())),
        "replaced": sorted(used),
    }
    model.metadata_props.add(key=METADATA_KEY, value=canonical_json(record))
    onnx.checker.check_model(model, full_check=True)
    with atomic(path) as partial:
        onnx.save(model, partial)
    return record


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on the standard output: PyTorch prints the whole graph there, from C++, where the exporter fails."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _without_aliases(graph: onnx.GraphProto) -> None:
    """Read weights that are equal from one place directly.

    The exporter writes equal weights once, and `Identity` nodes for their other names; ONNX Runtime's optimiser (1.31)
    loses some of those names and then refuses the graph.
    """
    weights = {weight.name for weight in graph.initializer}
    aliases = {
        node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity" and node.input[0] in weights
    }
    kept = [node for node in graph.node if not aliases.keys() & set(node.output)]
    for node in kept:
        for index, name in enumerate(node.input):
            node.input[index] = aliases.get(name, name)
    del graph.node[:]
    graph.node.extend(kept)


def _without_split_weights(graph: onnx.GraphProto) -> None:
    """Write the parts of weights that a network splits as weights of their own.

    ONNX Runtime would do so anyway, but its dynamic quantisation takes no convolution with a bias whose weights an
    operator makes.
    """
    known = {weight.name: weight for weight in graph.initializer}
    known |= {node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"}
    for node in [each for each in graph.node if each.op_type == "Split"]:
        if len(node.input) == 2 and all(name in known for name in node.input):
            values, sizes = (onnx.numpy_helper.to_array(known[name]) for name in node.input)
            axis = next((each.i for each in node.attribute if each.name == "axis"), 0)
            for name, part in zip(node.output, np.split(values, np.cumsum(sizes)[:-1], axis), strict=True):
                graph.initializer.append(onnx.numpy_helper.from_array(np.ascontiguousarray(part), name))
            graph.node.remove(node)
            for name in node.input:
                _remove_unused(graph, name)


def _remove_unused(graph: onnx.GraphProto, name: str) -> None:
    """Take a weight or a constant out of the graph if nothing reads it."""
    if not any(name in node.input for each in _graphs(graph) for node in each.node):
        for values in (graph.initializer, graph.node):
            for each in [each for each in values if name in (getattr(each, "name", ""), *getattr(each, "output", ()))]:
                values.remove(each)


def _with_fixed_sides(output: onnx.ValueInfoProto, sides: tuple[int, ...], free: dict[int, str]) -> None:
    """Declare the sides that are not free, where the exporter lost track of them."""
    for axis, (dimension, side) in enumerate(zip(output.type.tensor_type.shape.dim, sides, strict=False)):
        if axis not in free and not dimension.dim_value:
            dimension.dim_value = side


def _of_one_precision(graph: onnx.GraphProto) -> None:
    """Name single precision in one place: `Cast`s to it become `CastLike` one constant.

    Programs that halve the precision of a graph change its constants, and some of them (onnxconverter_common) leave
    `Cast`s as they are, so that one input of the next operator would be single and the other half.
    """
    like = "single_precision"
    if sum(_cast_like(each, like) for each in _graphs(graph)):
        graph.initializer.append(onnx.helper.make_tensor(like, onnx.TensorProto.FLOAT, [1], [1.0]))


def _cast_like(graph: onnx.GraphProto, like: str) -> int:
    changed = 0
    for node in graph.node:
        if node.op_type == "Cast" and not node.domain and node.attribute[0].i == onnx.TensorProto.FLOAT:
            node.op_type = "CastLike"
            node.input.append(like)
            del node.attribute[:]
            changed += 1
    return changed


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph, and those inside its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _graphs(attribute.g)


def _operators(graph: onnx.GraphProto) -> Iterator[str]:
    """The operators of a graph and of the graphs inside its nodes; others' operators with their domain."""
    for each in _graphs(graph):
        for node in each.node:
            yield f"{node.domain}::{node.op_type}" if node.domain else node.op_type
