"""The process that holds somebody's network: it opens one file, and answers arrays by arrays until its input ends.

Started by `lacuna.contestants._served` with one argument, JSON: `kind` and what `opened` of that kind takes.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from lacuna.contestants._messages import receive, send
from lacuna.contestants._shut import with_limits, without_network
from lacuna.errors import LacunaError
from lacuna.memory import peak_memory_of_process

# What a script of PyTorch's can do besides computing: read files into tensors, and write them.
FOREIGN = re.compile(r"\baten::(from_file|save|load)\b|\bprim::(PythonOp|rpc_\w+)")

Run = Callable[[dict, list[np.ndarray]], list[np.ndarray]]


def onnx(asked: dict) -> tuple[dict, Run]:
    """A graph in ONNX Runtime: what it says of its inputs and outputs, and its note."""
    from lacuna.export.session import GraphFails, open_session, run_session
    from lacuna.inpainting.interfaces import METADATA_KEY

    path = asked["path"]
    try:
        session = open_session(path, 0 if asked["gpus"] else None, asked["threads"])
    except GraphFails as error:
        raise LacunaError(f"cannot be used: {str(error).removesuffix('; export it again')}") from None

    def ports(some) -> list:
        return [
            [each.name, each.type, [str(side) if isinstance(side, str) else side for side in each.shape]]
            for each in some
        ]

    def run(head: dict, arrays: list[np.ndarray]) -> list[np.ndarray]:
        try:
            answer = run_session(session, path, **dict(zip(head["names"], arrays, strict=True)))
        except GraphFails as error:
            raise LacunaError(f"fails: {error}") from None
        return [np.asarray(each) for each in answer]

    said = {"inputs": ports(session.get_inputs()), "outputs": ports(session.get_outputs())}
    said["note"] = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    return said | {"device": session.get_providers()[0].removesuffix("ExecutionProvider")}, run


def torchscript(asked: dict) -> tuple[dict, Run]:
    """A script in PyTorch. One that reads or writes files, or that calls Python, is a `LacunaError`."""
    import torch

    torch.set_num_threads(asked["threads"])
    device = torch.device("cuda" if asked["gpus"] and torch.cuda.is_available() else "cpu")
    try:
        module = torch.jit.load(asked["path"], map_location=device).eval()
        text = str(module.inlined_graph)
    except (RuntimeError, ValueError, AttributeError) as error:
        raise LacunaError(f"cannot be loaded by PyTorch as TorchScript ({_first(error).partition('. ')[0]})") from None
    if found := FOREIGN.search(text):
        raise LacunaError(f"does more than compute: its code calls {found[0]}; it is not run")

    def run(head: dict, arrays: list[np.ndarray]) -> list[np.ndarray]:
        try:
            with torch.inference_mode():
                answer = module(*(torch.from_numpy(each.copy()).to(device) for each in arrays))
        except (torch.jit.Error, RuntimeError) as error:  # the reason comes last, after where it was
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise LacunaError(f"cannot run on its pictures ({(lines or ['no reason given'])[-1][:200]})") from None
        if isinstance(answer, dict):
            answer = list(answer.values())
        outputs = list(answer) if isinstance(answer, list | tuple) else [answer]
        return [each.float().cpu().numpy() for each in outputs if isinstance(each, torch.Tensor)]

    return {"device": torch.cuda.get_device_name() if device.type == "cuda" else "CPU"}, run


def diffusers(asked: dict) -> tuple[dict, Run]:
    """A pipeline of the library diffusers; see `_pipelines`."""
    from lacuna.contestants._pipelines import opened

    return opened(asked)


KINDS = {each.__name__: each for each in (onnx, torchscript, diffusers)}


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def main(text: str) -> None:
    """Serve until the input ends. What libraries print goes where messages go."""
    asked = json.loads(text)
    output, source = os.fdopen(os.dup(1), "wb", 0), sys.stdin.buffer
    os.dup2(2, 1)

    def write(data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[output.write(rest) :]

    shut = SimpleNamespace(network=False)
    try:
        if not asked.get("fetches"):
            shut.network = without_network()
            with_limits(asked["memory"])
        said, run = KINDS[asked["kind"]](asked)
        if asked.get("fetches"):
            shut.network = without_network()
            with_limits(asked["memory"])
        send(write, {"ready": said, "without_network": shut.network, "peak": peak_memory_of_process()})
    except (LacunaError, ImportError, MemoryError, OSError) as error:
        send(write, {"error": _first(error)})
        return
    while True:
        try:
            head, arrays = receive(source.read)
        except LacunaError:
            return  # the other side has gone
        try:
            answers = run(head, arrays)
            send(write, {"peak": peak_memory_of_process()}, answers)
        except LacunaError as error:
            send(write, {"error": str(error)})
        except Exception as error:  # whatever libraries raise: the other side makes one sentence of it
            send(write, {"error": f"cannot run on its pictures ({_first(error)})"})


if __name__ == "__main__":
    main(sys.argv[1])
