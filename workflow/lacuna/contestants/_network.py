"""Somebody's network among the contestants: its file, its interface, its trial, its pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import numpy as np

from lacuna.contestants._described import Described, answer_to, tried
from lacuna.contestants._served import Network
from lacuna.contestants._setting import Setting, erased
from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.inpainting.interfaces import Interface, Port


def verified(entry: dict, files: list[str], setting: Setting) -> Path:
    """The file, which is the one that the config names by its SHA-256, if it does; another is a `LacunaError`."""
    path = Path(files[0])
    if not path.is_file():
        raise LacunaError(f"the file {path} of system '{setting.label}' does not exist; correct 'path'")
    if entry.get("sha256") and (found := sha256_of(path)) != entry["sha256"]:
        raise LacunaError(
            f"the file {path} of system '{setting.label}' has the SHA-256 {found}, and not the one of the config; get "
            "the right file, or correct 'sha256'"
        )
    return path


def asked(kind: str, path: str, entry: dict, setting: Setting) -> dict:
    """What `_worker` takes."""
    memory = None if setting.gpus else int(entry["memory_gb"] * 1e9)
    return {"kind": kind, "path": path, "gpus": setting.gpus, "threads": setting.threads, "memory": memory}


@contextmanager
def taking_part(what: str, setting: Setting) -> Iterator[None]:
    """Makes a sentence of a finding that begins with a verb. what: the file."""
    try:
        yield
    except LacunaError as error:
        raise LacunaError(
            f"system '{setting.label}' cannot take part: {what} {error}; correct its entry in the config (its messages "
            f"are in {setting.log})"
        ) from None


def of_config(entry: dict, image: Port, mask: Port) -> Described:
    """The interface that the config describes, for these inputs."""
    whole = (0.0, 255.0) if image.dtype is np.uint8 else (0.0, 1.0)
    size = tuple(reversed(entry["size"])) if entry.get("size") else None
    multiple = entry.get("multiple") or (1 if size else 8)
    return Described(
        image,
        mask,
        size,
        multiple,
        entry.get("minimum") or multiple,
        reads=tuple(entry.get("reads") or whole),
        answers=tuple(entry.get("answers") or whole),
        output=entry["output"],
        of_mask=tuple(entry.get("mask") or whole),
        mask_first=entry.get("order") == "mask_image",
        joined=bool(entry.get("joined")),
        erased=bool(entry.get("erased")),
    )


def answered(entry: dict, interface: Interface, network: Network, pictures, setting: Setting) -> Iterator[np.ndarray]:
    """The pictures of a served network, after its trial."""
    measured = setting.measured
    measured.startup, measured.device = network.startup, network.said["device"]
    findings = tried(interface, network.run_named)
    if entry.get("returns") not in (None, findings.returns):
        raise LacunaError(f"is described as 'returns: {entry['returns']}', but by trial {findings.sentences()[0]}")
    measured.returns = findings.returns
    measured.notes += [*interface.found, *findings.sentences(), *unshut(network)]
    for image, hole in pictures:
        given, began = erased(image, hole), monotonic()
        yield answer_to(interface, network.run_named, given, hole)
        note(network, setting, monotonic() - began)


def unshut(network: Network) -> list[str]:
    """What the report says where a process kept its network."""
    return [] if network.without_network else ["this system could not take the network from its process"]


def note(network: Network, setting: Setting, seconds: float) -> None:
    """One more picture's seconds."""
    measured = setting.measured
    measured.each.append(seconds)
    measured.seconds += seconds
    measured.peak_memory = network.peak
