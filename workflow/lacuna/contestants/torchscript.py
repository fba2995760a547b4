"""A script in a file of PyTorch's (TorchScript), run in a process of its own without network."""

from collections.abc import Iterator
from dataclasses import dataclass

from lacuna.contestants import _description
from lacuna.contestants._description import check as check
from lacuna.contestants._description import pinned as pinned


@dataclass(frozen=True, kw_only=True)
class Keys(_description.Keys):
    pass


def answers(entry: dict, pictures, setting, files: list[str]) -> Iterator:
    """As `lacuna.contestants` says. Inputs are float32 N×C×H×W; what the config does not say is `[0, 1]`, picture
    first, hole 1, sides that are multiples of 8."""
    import numpy as np

    from lacuna.contestants._network import answered, asked, of_config, taking_part, verified
    from lacuna.contestants._served import served
    from lacuna.inpainting.interfaces import Port

    path = verified(entry, files, setting)
    image, mask = (Port(name, np.float32, "NCHW", (None, None)) for name in ("image", "mask"))
    request = asked("torchscript", str(path), entry, setting)
    with (
        taking_part(f"the script {path}", setting),
        served(request, setting.log, entry["time_limit"]) as network,
    ):
        yield from answered(entry, of_config(entry, image, mask), network, pictures, setting)
