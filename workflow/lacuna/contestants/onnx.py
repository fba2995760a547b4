"""A graph in a file of ONNX."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lacuna.contestants import _description
from lacuna.contestants._description import described
from lacuna.contestants._description import pinned as pinned
from lacuna.errors import LacunaError
from lacuna.keys import key


@dataclass(frozen=True, kw_only=True)
class Keys(_description.Keys):
    image_name: str = key("the name of its input for the picture", None, shown="told by its channels")
    mask_name: str = key("the name of its input for the mask", None, shown="told by its channels")


def check(entry: dict, where: str) -> None:
    """As `_description.check`; and names without what they describe."""
    _description.check(entry, where)
    if entry.get("joined") and entry.get("mask_name") is not None:
        raise LacunaError(f"{where} has 'joined' and 'mask_name', but one input has one name; leave 'mask_name' out")


def answers(entry: dict, pictures, setting, files: list[str]) -> Iterator:
    """As `lacuna.contestants` says. Without a description, a graph of `lacuna export` says itself what it takes, and
    any other is tried with what there is (`inpainting.interfaces.by_trial`)."""
    from lacuna.contestants._network import answered

    with _opened(entry, setting, files) as (network, interface):
        yield from answered(entry, interface, network, pictures, setting)


def wrapped(entry: dict, setting, files: list[str], output: Path) -> str:
    """Write the graph as one from bytes to bytes, for the studio; the reason where it cannot be one, else nothing."""
    from shutil import copyfile

    import numpy as np

    from lacuna.contestants._described import tried
    from lacuna.export.wrapped import write_wrapped

    with _opened(entry, setting, files) as (network, interface):
        if interface.image.axes == "HWC" and not described(entry):  # `lacuna export` wrote it so
            copyfile(files[0], output)
            return ""
        if interface.size is not None:
            return f"it takes pictures of {interface.size[1]}×{interface.size[0]} pixels alone"
        if {interface.image.axes, interface.mask.axes} != {"NCHW"} or getattr(interface, "joined", False):
            return "the page knows no graph whose inputs are laid out so"
        tried(interface, network.run_named)
        top = 255 if interface.mask.dtype is np.uint8 else 1
        facts = {
            "image": interface.image.name,
            "mask": interface.mask.name,
            "dtypes": (interface.image.dtype, interface.mask.dtype),
            "of_mask": getattr(interface, "of_mask", (0, top) if interface.hole_is_high else (top, 0)),
            "erased": getattr(interface, "erased", False),
            "index": interface.output,
        }
        facts |= {name: getattr(interface, name) for name in ("multiple", "minimum", "reads", "answers")}
        write_wrapped(files[0], facts, output)
    return ""


@contextmanager
def _opened(entry: dict, setting, files: list[str]) -> Iterator:
    """(the served graph, its interface). Whatever is wrong with it is a `LacunaError` that names it."""
    from lacuna.contestants._network import asked, taking_part, verified
    from lacuna.contestants._served import served
    from lacuna.inpainting.interfaces import by_trial, declared, read_note

    path = verified(entry, files, setting)
    with (
        taking_part(f"the graph {path}", setting),
        served(asked("onnx", str(path), entry, setting), setting.log, entry["time_limit"]) as network,
    ):
        inputs, outputs = network.ports("inputs"), network.ports("outputs")
        note = read_note(network.said["note"])
        if described(entry) or entry.get("image_name") or entry.get("mask_name"):
            yield network, _of_config(entry, inputs)
        elif note is not None:
            yield network, declared(inputs, outputs, note)
        else:
            yield network, by_trial(inputs, outputs, network.run_named)


def _of_config(entry: dict, inputs: list):
    """The interface that the config describes for a graph's inputs."""
    from lacuna.contestants._network import of_config
    from lacuna.inpainting.interfaces import fixed_size, ports

    if entry.get("joined"):
        chosen = _named(inputs, entry["image_name"]) if entry.get("image_name") else inputs[0]
        image = mask = _port(chosen, 4)
        if len(inputs) != 1:
            raise LacunaError(f"takes {len(inputs)} inputs, and is described as one of four channels")
    elif entry.get("image_name") or entry.get("mask_name"):
        names = [entry.get("image_name"), entry.get("mask_name")]
        left = [each for each in inputs if each.name not in names]
        named = [_named(inputs, name) if name else (left or inputs)[0] for name in names]
        image, mask = _port(named[0], 3), _port(named[1], 1)
        if len(inputs) != 2 or image.name == mask.name:
            raise LacunaError(f"takes {len(inputs)} inputs, where a picture and a mask are named")
    else:
        image, mask = ports(inputs)
    size = fixed_size(image, mask)
    if size and entry.get("size") and tuple(entry["size"]) != size[::-1]:
        raise LacunaError(
            f"takes pictures of {size[1]}×{size[0]} pixels, and 'size' says {entry['size'][0]}×{entry['size'][1]}"
        )
    if size:
        entry = {**entry, "size": size[::-1], "multiple": None, "minimum": None}
    return of_config(entry, image, mask)


def _named(inputs: list, name: str):
    for each in inputs:
        if each.name == name:
            return each
    raise LacunaError(f"has no input '{name}'; its inputs are {', '.join(each.name for each in inputs)}")


def _port(described, channels: int):
    from lacuna.inpainting.interfaces import TYPES, Port, readings

    for number, port in readings(described):
        if number == channels:
            return port
    shape = list(described.shape)
    if channels == 4 and len(shape) == 4 and described.type in TYPES and shape[1] == 4:
        height, width = (side if isinstance(side, int) else None for side in shape[2:])
        return Port(described.name, TYPES[described.type], "NCHW", (height, width))
    sides = "×".join(map(str, shape))
    raise LacunaError(f"has an input '{described.name}' of {described.type} {sides}, which has not {channels} channels")
