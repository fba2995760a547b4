"""The contract of systems with a network. One file of this folder is one system; it ends with `SYSTEM = TheClass`.

At every boundary here: image float N×3×H×W, RGB, [0, 1]; mask float N×1×H×W, exactly 0 or 1, 1 = hole. A system turns
them into its authors' range and polarity inside itself.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.data.tensors import image_tensor, mask_tensor, pictures_of
from lacuna.errors import LacunaError
from lacuna.nn.devices import in_words, make_deterministic, named_device
from lacuna.nn.kept import Kept
from lacuna.systems._drawing import Drawing
from lacuna.systems._facts import Deviation, Facts, make_recipe
from lacuna.systems._reading import METADATA_KEY, read_note, read_tensors
from lacuna.systems._released import as_tensors, load_strictly, opened, unwrap

__all__ = ["METADATA_KEY", "Deviation", "Facts", "Prediction", "Recipe", "System", "require_size"]

GREY = 0.5  # of what is not known, in everything that a loss looks at


@dataclass
class Prediction:
    """What a network returns. raw: N×3×H×W on the [0, 1] scale, not clamped. Subclasses add side outputs."""

    raw: Tensor

    def known_only(self, truth: Tensor, known: Tensor) -> Self:
        """The same, but equal to the truth N×3×H×W wherever known N×1×H×W is not 1: no gradient flows from there.

        A subclass does the same with its side outputs, at their sizes.
        """
        return replace(self, raw=where_known(known, self.raw, truth))


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


class System(Drawing):
    """A network with its discriminator, losses, optimisers and schedule.

    A subclass has `facts`, `Recipe` (a frozen dataclass), `small` (settings of a tiny network, for tests) and `forms`
    (name → settings that make it another network, tested like the first), sets `network` (and `discriminator`) in its
    constructor, and if it is trained, writes `optimizers` and `learn`.
    """

    facts: ClassVar[Facts]
    Recipe: ClassVar[type[Any]]
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

    #: whether the losses that look through a pretrained network are computed in this step, or rest
    feature_losses: bool = True

    @cached_property
    def kept(self) -> Kept:
        """What pretrained networks say of true pictures; training gives it memory."""
        return Kept()

    @property
    def asks_features(self) -> bool:
        """Whether a pretrained network is asked in this step: the losses have one, and it does not rest."""
        return self.feature_losses and bool(self.backbones(self.recipe))

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

    @property
    def free_until(self) -> float:
        """The fraction of the budget up to which `before_step` does the same whatever `progress` is.

        A finished training is lengthened from the last step before it.
        """
        return 1.0

    def training_step(
        self,
        image: Tensor,
        mask: Tensor,
        optimizers: dict[str, torch.optim.Optimizer],
        backward: Callable[[Tensor], None],
        known: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """One update of everything; the losses by name, detached scalars, always the same names in the same order.

        Without `feature_losses`, those that look through a pretrained network are left out, and the others stay as
        they are. A loss of weight 0 is never there.

        known: N×1×H×W, 1 where the truth is known; None: everywhere. Elsewhere no loss looks, nor does a discriminator:
        truth and prediction are both made grey there, whatever the image holds. The network alone is given the image as
        it is, under its mask. Means over the whole picture, or over what lies outside the hole, count those pixels with
        an error of 0.
        """
        if known is None:
            return self.learn(image, mask, optimizers, backward)
        network, truth = self.network, where_known(known, image, torch.full_like(image, GREY))
        self.network = _KnownOnly(network, image, truth, known)
        try:
            return self.learn(truth, mask, optimizers, backward)
        finally:
            self.network = network

    def learn(
        self,
        image: Tensor,
        mask: Tensor,
        optimizers: dict[str, torch.optim.Optimizer],
        backward: Callable[[Tensor], None],
    ) -> dict[str, Tensor]:
        """`training_step` with everything known. Predictions come from `self.network(image, mask)` and no other way."""
        raise NotImplementedError

    # ------------------------------------------------------------------ predicting

    #: why no ONNX graph can stand for a prediction; empty: one may
    without_graph: ClassVar[str] = ""

    def draw_from(self, seed: int) -> None:
        """Draw from this seed from here on: the same seed and pictures, the same predictions."""
        torch.manual_seed(seed)

    @torch.no_grad()
    def predict(self, image: Tensor, mask: Tensor) -> Tensor:
        """The raw prediction N×3×H×W in evaluation mode, at any size: padded by reflection and cropped back."""
        self.network.eval()
        height, width = image.shape[-2:]
        image, mask = self.extended(image), self.extended(mask)
        return self.network(image, mask).raw[..., :height, :width]

    def extended(self, maps: Tensor) -> Tensor:
        """Maps N×C×H×W reflected downwards and rightwards until their size is one that the network takes."""
        height, width = maps.shape[-2:]
        rows = _mirrored(height, self.padded_size(height), maps.device)
        columns = _mirrored(width, self.padded_size(width), maps.device)
        return maps[..., rows, :][..., columns]

    def padded_size(self, size: int) -> int:
        """The smallest height or width in pixels, not below `size`, that the network takes."""
        multiple = self.size_multiple
        return -(-max(size, self.minimal_size) // multiple) * multiple

    def prepare(self, weights: str | Path | None = None, device: str = "cpu", threads: int = 2, seed: int = 0) -> str:
        """Load weights (ours or released ones), move to the device, seed; returns the device in words.

        device: a name of `nn.devices.named_device`.
        """
        make_deterministic(threads)
        if weights is None:
            raise LacunaError(
                f"system '{self.facts.name}' predicts only with weights; train it, or name a file of weights"
            )
        self._load_weights(weights)
        chosen = named_device(device)
        self.network.to(chosen)
        self.draw_from(seed)
        return in_words(chosen)

    def predict_arrays(self, images: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Raw predictions, uint8 H×W×3, of a batch of uint8 H×W×3 RGB images under bool H×W masks, True = hole."""
        like = next(self.network.parameters())
        image = image_tensor(np.stack(images), like.device, like.dtype)
        mask = mask_tensor(np.stack(masks), like.device, like.dtype)
        raw = self.predict(image, mask)
        if not raw.isfinite().all():
            raise LacunaError(f"system '{self.facts.name}' predicted NaN or infinity; train it again")
        return list(pictures_of(raw))

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
        note = read_note(metadata, path)
        if note is None:
            try:
                return self.load_released(arrays)
            except LacunaError as error:
                raise LacunaError(f"in {path}, {error}") from None
        system = note["system"]
        if system != self.facts.name:
            raise LacunaError(f"the weights {path} are of system '{system}', not '{self.facts.name}'")
        if "parts" in note:  # a whole training state
            own = "module.average." if "average" in note["parts"] else "module.network."
            arrays = {key.removeprefix(own): value for key, value in arrays.items() if key.startswith(own)}
        names = {key: key for key in self.network.state_dict()}
        return load_strictly(self.network, arrays, names, f"system '{system}' ({path})")


class _KnownOnly(nn.Module):
    """The network in a training step of which not everything is known: it sees the image, its losses see `truth`."""

    def __init__(self, network: nn.Module, image: Tensor, truth: Tensor, known: Tensor):
        super().__init__()
        self.network, self.image, self.truth, self.known = network, image, truth, known

    def forward(self, image: Tensor, mask: Tensor) -> Prediction:
        return self.network(self.image, mask).known_only(self.truth, self.known)


def where_known(known: Tensor, made: Tensor, truth: Tensor) -> Tensor:
    """`made` where known N×1×H×W is 1, `truth` elsewhere."""
    return torch.where(known > 0.5, made, truth)


def known_at(known: Tensor, size: Sequence[int]) -> Tensor:
    """known N×1×H×W at another height and width: 1 where all that a resampled pixel may be made of is known."""
    if known.shape[-2:] == tuple(size):
        return known
    # the taps of bicubic resampling lie up to two pixels outside the pixel's own share, and three if it enlarges
    return 1 - F.adaptive_max_pool2d(F.max_pool2d(1 - known, 7, 1, 3), tuple(size))


def require_size(image: Tensor, mask: Tensor, multiple: int, minimal: int, system: str) -> None:
    """Refuse with a one-line error what a network cannot take. Its own `predict` pads instead."""
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
