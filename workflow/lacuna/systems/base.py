"""The contract of systems with a network. One file of this folder is one system; it ends with `SYSTEM = TheClass`.

At every boundary here: image float N×3×H×W, RGB, [0, 1]; mask float N×1×H×W, exactly 0 or 1, 1 = hole. A system turns
them into its authors' range and polarity inside itself.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from lacuna.errors import LacunaError
from lacuna.nn.devices import choose_device, make_deterministic
from lacuna.systems._facts import Deviation, Facts, make_recipe
from lacuna.systems._released import as_tensors, load_strictly, opened, read_tensors, unwrap

__all__ = ["Deviation", "Facts", "Prediction", "Recipe", "System", "require_size"]

METADATA_KEY = "lacuna"  # one key: the order of several is not the same in every file that safetensors writes


@dataclass
class Prediction:
    """What a network returns. raw: N×3×H×W on the [0, 1] scale, not clamped. Subclasses add side outputs."""

    raw: Tensor


@dataclass(frozen=True)
class Recipe:
    """What every trained system can be told; the defaults are the authors'.

    image_size: height and width trained at, in pixels. batch_size and iterations: used if the run sets none of its own.
    These are at least 1, and every setting that ends in `learning_rate` is above 0: others are a `LacunaError`.
    """

    image_size: int
    batch_size: int
    iterations: int

    def __post_init__(self):
        for name in ("image_size", "batch_size", "iterations"):
            if getattr(self, name) < 1:
                raise LacunaError(f"setting '{name}' of a trained system is at least 1, not {getattr(self, name)}")
        for name in (entry.name for entry in dataclasses.fields(self) if entry.name.endswith("learning_rate")):
            if not 0 < getattr(self, name) < math.inf:
                raise LacunaError(f"setting '{name}' of a trained system is above 0, not {getattr(self, name)}")


class System:
    """A network with its discriminator, losses, optimisers and schedule.

    A subclass has `facts`, `Recipe` (a frozen dataclass), `small` (settings of a tiny network, for tests) and `forms`
    (name → settings that make it another network, tested like the first), sets `network` (and `discriminator`) in its
    constructor, and if it is trained, writes `optimizers` and `training_step`.
    """

    facts: ClassVar[Facts]
    Recipe: ClassVar[type]
    small: ClassVar[dict] = {}
    forms: ClassVar[dict[str, dict]] = {}
    network: nn.Module
    discriminator: nn.Module | None = None

    def __init__(self, **settings):
        self.recipe = make_recipe(self.Recipe, settings, self.facts.name)

    # ------------------------------------------------------------------ sizes

    @property
    def size_multiple(self) -> int:
        """Height and width must be a multiple of this, in pixels."""
        return self.facts.size_multiple

    @property
    def minimal_size(self) -> int:
        """Height and width must be at least this, in pixels."""
        return self.facts.minimal_size

    @property
    def without_gradient(self) -> tuple[str, ...]:
        """As the fact of this name, at these settings."""
        return self.facts.without_gradient

    @property
    def zero_gradient(self) -> tuple[str, ...]:
        """As the fact of this name, at these settings."""
        return self.facts.zero_gradient

    # ------------------------------------------------------------------ training

    @classmethod
    def backbones(cls, recipe) -> tuple[str, ...]:
        """Names of the pretrained networks that training with this recipe needs."""
        return ()

    def load_backbones(self, folder: str | Path, device: torch.device) -> None:
        """Read the pretrained networks that `backbones` names from `folder`, frozen, onto `device`."""

    def modules(self) -> dict[str, nn.Module]:
        """Everything that a checkpoint must hold. A system with more networks (an average, …) adds them."""
        parts = {"network": self.network, "discriminator": self.discriminator}
        return {name: module for name, module in parts.items() if module is not None}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The authors' optimisers over the modules' parameters."""
        raise NotImplementedError

    def before_step(self, step: int, progress: float, optimizers: dict[str, torch.optim.Optimizer]) -> None:
        """The schedule: called before every step, with the number of steps done and the fraction of the budget used.

        It must not depend on earlier calls, so that a resumed training goes on exactly. Modules are in training mode.
        """

    def training_step(
        self,
        image: Tensor,
        mask: Tensor,
        optimizers: dict[str, torch.optim.Optimizer],
        backward: Callable[[Tensor], None],
    ) -> dict[str, Tensor]:
        """One update of everything; the losses by name, detached scalars, always the same names in the same order."""
        raise NotImplementedError

    # ------------------------------------------------------------------ predicting

    @torch.no_grad()
    def predict(self, image: Tensor, mask: Tensor) -> Tensor:
        """The raw prediction N×3×H×W in evaluation mode, at any size: padded by reflection and cropped back."""
        self.network.eval()
        height, width = image.shape[-2:]
        rows = _mirrored(height, self.padded_size(height), image.device)
        columns = _mirrored(width, self.padded_size(width), image.device)
        image, mask = image[..., rows, :][..., columns], mask[..., rows, :][..., columns]
        return self.network(image, mask).raw[..., :height, :width]

    def padded_size(self, size: int) -> int:
        """The smallest height or width in pixels, not below `size`, that the network takes."""
        multiple = self.size_multiple
        return -(-max(size, self.minimal_size) // multiple) * multiple

    def prepare(self, weights: str | Path | None = None, gpus: int = 0, threads: int = 2, seed: int = 0) -> str:
        """Load weights (ours or released ones), move to the device, seed; returns the device in words."""
        make_deterministic(threads)
        if weights is None:
            raise LacunaError(
                f"system '{self.facts.name}' predicts only with weights; train it, or name a file of weights"
            )
        self._load_weights(weights)
        device = choose_device(gpus)
        self.network.to(device)
        torch.manual_seed(seed)
        return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"

    def predict_arrays(self, images: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Raw predictions, uint8 H×W×3, of a batch of uint8 H×W×3 RGB images under bool H×W masks, True = hole."""
        like = next(self.network.parameters())
        image = torch.from_numpy(np.stack(images)).to(like.device).permute(0, 3, 1, 2).to(like.dtype) / 255
        mask = torch.from_numpy(np.stack(masks)).to(like.device)[:, None].to(like.dtype)
        raw = self.predict(image, mask)
        if not raw.isfinite().all():
            raise LacunaError(f"system '{self.facts.name}' predicted values that are not finite; train it anew")
        return list((raw.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy())

    # ------------------------------------------------------------------ weights

    #: endings of keys that released weights may lack, all that end so or none
    released_optional: ClassVar[tuple[str, ...]] = ()

    def released_keys(self, part: str = "network") -> dict[str, str]:
        """Authors' key name → ours, of `network` or `discriminator`; the same names unless a system says otherwise."""
        return {key: key for key in self.modules()[part].state_dict()}

    def load_released(self, mapping_or_path, part: str = "network") -> None:
        """Load weights in the authors' key names strictly; see `lacuna.systems.load_released`."""
        modules = self.modules()
        if part not in modules:
            raise LacunaError(f"system '{self.facts.name}' has no part '{part}'; it has {', '.join(modules)}")
        names, what = self.released_keys(part), f"the {part} of system '{self.facts.name}'"
        arrays = as_tensors(unwrap(opened(mapping_or_path), set(names), part), set(names), what)
        load_strictly(modules[part], self.from_released(arrays, part), names, what, optional=self.released_optional)

    def from_released(self, arrays: dict, part: str) -> dict:
        """Tensors under the authors' names, wrappers gone, in this project's layout: the same, unless overridden.

        Under names that are not in `released_keys`, which strict loading refuses, anything may lie.
        """
        return arrays

    def _load_weights(self, path: str | Path) -> None:
        """Weights that `lacuna step train` wrote carry a note of their system; others are taken as released ones."""
        arrays, metadata = read_tensors(path)
        if METADATA_KEY not in metadata:
            return self.load_released(arrays)
        system = json.loads(metadata[METADATA_KEY])["system"]
        if system != self.facts.name:
            raise LacunaError(f"the weights {path} are of system '{system}', not '{self.facts.name}'")
        names = {key: key for key in self.network.state_dict()}
        return load_strictly(self.network, arrays, names, f"system '{system}' ({path})")


def require_size(image: Tensor, mask: Tensor, multiple: int, minimal: int, system: str) -> None:
    """Refuse with one sentence what a network cannot take. Its own `predict` pads instead."""
    height, width = image.shape[-2:]
    if mask.shape != (image.shape[0], 1, height, width) or image.shape[1] != 3:
        raise LacunaError(
            f"system '{system}' takes images N×3×H×W and masks N×1×H×W of one size, "
            f"not {tuple(image.shape)} and {tuple(mask.shape)}"
        )
    if min(height, width) < minimal or height % multiple or width % multiple:
        raise LacunaError(
            f"system '{system}' takes sizes of at least {minimal} pixels that are multiples of {multiple}, "
            f"not {height}×{width}; choose another image size"
        )


def _mirrored(size: int, padded: int, device: torch.device) -> Tensor:
    """Indices 0 … size−1, then back and forth without repeating the edge, `padded` of them."""
    period = max(1, 2 * (size - 1))
    position = torch.arange(padded, device=device) % period
    return torch.minimum(position, period - position) if size > 1 else torch.zeros_like(position)
