"""An inpainting pipeline of the library diffusers: Stable Diffusion 1.5, 2, XL, RePaint."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.keys import FilePath, Note, key

REPOSITORY = (r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*", "the owner and the name of a model, as a/b")
COMMIT = (r"[0-9a-f]{40}", "a commit, 40 hexadecimal digits")
TINY = ("stable_diffusion", "stable_diffusion_xl", "repaint")


@dataclass(frozen=True, kw_only=True)
class Keys:
    path: FilePath = key("a folder with `model_index.json`, as `save_pretrained` writes it", None)
    hub: str = key("instead, a model of the Hugging Face hub, with its `revision`", None, form=REPOSITORY)
    revision: str = key("the commit of the hub's model, which pins it", None, form=COMMIT)
    tiny: str = key(
        "instead, a pipeline of random weights, a few thousand of them, for demonstrations and tests alone",
        None,
        choices=TINY,
    )
    steps: int = key("denoising steps", 50, minimum=1, maximum=10_000)
    guidance: float = key("scale of classifier-free guidance; 1 is none", 7.5, minimum=0, maximum=100)
    prompt: Note = key("what the hole is to show", "")
    strength: float = key(
        "share of the steps that are run; below 1 the hole begins as its mean colour", 1.0, above=0, maximum=1
    )
    jump_length: int = key("RePaint: steps of a jump back", 10, minimum=1, maximum=1000)
    jumps: int = key("RePaint: how often each jump is made", 10, minimum=1, maximum=1000)
    multiple: int = key("what width and height are mirrored up to a multiple of", 8, minimum=1, maximum=4096)
    minimum: int = key("smallest width and height that it works at", 64, minimum=1, maximum=8192)
    half: bool = key("`true`: half precision, for GPUs", False)
    seed: int = key("seed of its noise, with the picture's number", 0, minimum=0, maximum=2**31 - 1)
    gpu: bool = key("`false`: it is run on the CPU, whether there is a GPU or not", True)
    memory_gb: float = key("addresses (GB) that its process may take on the CPU", 64.0, above=0, maximum=100_000)
    time_limit: float = key("seconds that a test set may take", 86400.0, above=0, maximum=10_000_000)


def check(entry: dict, where: str) -> None:
    """A `LacunaError` for no origin or two, and for a model of the hub that no commit pins."""
    given = [name for name in ("path", "hub", "tiny") if entry.get(name) is not None]
    if len(given) != 1:
        raise LacunaError(f"{where} has {' and '.join(given) or 'no origin'}; give one of path, hub, tiny")
    if (given == ["hub"]) != (entry.get("revision") is not None):
        raise LacunaError(f"{where} needs 'revision' with 'hub', and with nothing else: the commit that pins the model")


def pinned(entry: dict) -> list[str]:
    """The folder; a model of the hub is pinned by its commit."""
    return [entry["path"]] if entry.get("path") is not None else []


def answers(entry: dict, pictures, setting, files: list[str]) -> Iterator:
    """As `lacuna.contestants` says; there is no trial, because the library fixes the interface. Pictures are mirrored
    up to a size that the pipeline takes; known pixels pass through its encoder, so that its prediction is raw."""
    from time import monotonic

    import numpy as np

    from lacuna.contestants._network import asked, note, taking_part, unshut
    from lacuna.contestants._served import served
    from lacuna.contestants._setting import erased
    from lacuna.inpainting.interfaces import mirrored

    if entry.get("path") is not None and not Path(entry["path"], "model_index.json").is_file():
        raise LacunaError(
            f"the folder {entry['path']} of system '{setting.label}' lacks the file model_index.json that every "
            "pipeline of diffusers has; correct 'path'"
        )
    origin = entry.get("path") or entry.get("hub") or entry["tiny"]
    names = ("hub", "revision", "tiny", "steps", "guidance", "prompt", "strength", "jump_length", "jumps", "half")
    request = asked("diffusers", str(entry.get("path") or ""), entry, setting)
    request |= {name: entry.get(name) for name in names} | {"fetches": entry.get("hub") is not None}
    measured = setting.measured
    with (
        taking_part(f"the pipeline {origin}", setting),
        served(request, setting.log, entry["time_limit"]) as network,
    ):
        measured.startup, measured.device = network.startup, network.said["device"]
        measured.notes += [network.said["what"], network.said["known"], *unshut(network)]
        multiple = max(entry["multiple"], network.said["multiple"])
        for number, (image, hole) in enumerate(pictures):
            height, width = hole.shape
            rows, columns = (
                mirrored(side, -(-max(side, entry["minimum"]) // multiple) * multiple) for side in (height, width)
            )
            given = erased(image, hole)[rows][:, columns]
            seed = (setting.seed_of(number) + entry["seed"]) % 2**31
            began = monotonic()
            made = network.run({"seed": seed}, [given, hole[rows][:, columns]])
            note(network, setting, monotonic() - began)
            if len(made) != 1 or made[0].shape != given.shape or made[0].dtype != np.uint8:
                raise LacunaError(f"returns {made[0].shape if made else 'nothing'} for a picture of {given.shape}")
            yield made[0][:height, :width]
