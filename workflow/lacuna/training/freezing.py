"""Parts of a system that a training leaves as they are."""

import fnmatch
from collections.abc import Mapping

from torch import nn

from lacuna.errors import LacunaError


class Frozen:
    """The parameters and buffers whose names match a pattern; they are never changed.

    patterns: as in a shell, of names `<part>.<key>` such as `network.encoder.*`; one that matches nothing is a
    `LacunaError`, and so is leaving the network nothing to learn. A layer whose every parameter and buffer is frozen
    stays in evaluation mode, so that a normalisation uses the statistics that it has and keeps them.

    Made after the optimisers, from which it takes the parameters out, and before the modules are wrapped.
    """

    def __init__(self, patterns: tuple[str, ...] | list[str], modules: Mapping[str, nn.Module], optimizers: Mapping):
        names = [f"{part}.{key}" for part, module in modules.items() for key in module.state_dict()]
        for pattern in patterns:
            if not fnmatch.filter(names, pattern):
                raise LacunaError(
                    f"training's `freeze` has the pattern '{pattern}', which matches no parameter; "
                    f"their names are like '{names[0]}' and '{names[-1]}'"
                )
        held = {name for pattern in patterns for name in fnmatch.filter(names, pattern)}
        self.parameters = [
            parameter
            for part, module in modules.items()
            for key, parameter in module.named_parameters()
            if f"{part}.{key}" in held
        ]
        self.layers = []
        for part, module in modules.items():
            for path, layer in module.named_modules():
                own = (*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False))
                saved = {".".join(filter(None, (part, path, key))) for key, _ in own} & set(names)
                if saved and saved <= held:
                    self.layers.append(layer)
        frozen = set(map(id, self.parameters))
        for optimizer in optimizers.values():
            for group in optimizer.param_groups:
                group["params"] = [each for each in group["params"] if id(each) not in frozen]
        self.hold()
        if not any(each.requires_grad for each in modules["network"].parameters()):
            raise LacunaError("training's `freeze` leaves nothing of the network to learn; freeze less")

    def hold(self) -> None:
        """Before every step: systems switch gradients and modes for their own reasons, and on again."""
        for parameter in self.parameters:
            parameter.requires_grad_(False)
            parameter.grad = None
        for layer in self.layers:
            layer.eval()
