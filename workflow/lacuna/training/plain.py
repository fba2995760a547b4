"""A step as the authors' repositories write it: the honest baseline of `lacuna bench train`, written here.

Single precision, tensors in PyTorch's own memory order, PyTorch's default Adam, direct convolutions in the pretrained
networks, one such network a loss, and features of the truth in every step. The mathematics is the system's own.
"""

import copy
import dataclasses
from collections.abc import Generator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lacuna.data.images import read_image, read_mask
from lacuna.data.lists import read_list
from lacuna.data.tensors import image_tensor, mask_tensor
from lacuna.training.precision import pretrained

WORKERS = 2  # of the data loader
SEPARATE = ("aotgan",)  # whose authors give each of these losses a network of its own; others take both from one pass


class Plain:
    """Training steps of a system whose backbones are loaded and which nothing else uses."""

    def __init__(self, system):
        self.system = system
        for features in pretrained(system):
            features.quick = False
            features.to(memory_format=torch.contiguous_format)
        if system.facts.name in SEPARATE:
            system.reconstruction_losses = partial(separately, system)
        self.optimizers = system.optimizers()

    def step(self, image: Tensor, mask: Tensor) -> dict[str, float]:
        """The losses as numbers, read at once."""
        self.system.before_step(0, 0.0, self.optimizers)
        losses = self.system.training_step(image, mask, self.optimizers, Tensor.backward)
        return {name: loss.item() for name, loss in losses.items()}


def separately(system, raw: Tensor, image: Tensor) -> dict[str, Tensor]:
    """AOT-GAN's losses of the raw prediction, style and perceptual ones each with a pass of their own."""
    found: dict[str, Tensor] = {}
    for zero in ({"style_weight": 0.0}, {"perceptual_weight": 0.0, "l1_weight": 0.0}):
        alone = copy.copy(system)
        alone.recipe = dataclasses.replace(system.recipe, **zero)
        found |= type(system).reconstruction_losses(alone, raw, image)
    return {name: found[name] for name in ("l1", "style", "perceptual") if name in found}


class Decoded(Dataset):
    """The pairs of a list, read from their files every time and flipped at random."""

    def __init__(self, list_path: Path):
        self.pairs = read_list(list_path)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        pair = self.pairs[index]
        image, mask = image_tensor(read_image(pair.image)), mask_tensor(read_mask(pair.mask))
        image, mask = (each.flip(-1) if torch.rand(()) < 0.5 else each for each in (image, mask))
        return image.contiguous(), mask.contiguous()


def plain_batches(list_path: Path, batch_size: int) -> Generator[tuple[Tensor, Tensor], None, None]:
    """Shuffled batches without end, made by two processes."""
    loader = DataLoader(Decoded(list_path), batch_size, shuffle=True, num_workers=WORKERS, persistent_workers=True)
    while True:
        yield from loader
