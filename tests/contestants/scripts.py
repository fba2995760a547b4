"""Networks of others as TorchScript files: a blur of what is known, in any range and polarity; and hostile ones."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Blur(nn.Module):
    """reads, answers: black and white. mask: known and hole. leak: share of what lies under the hole that is added."""

    def __init__(
        self,
        reads: tuple[float, float] = (0.0, 1.0),
        answers: tuple[float, float] = (0.0, 1.0),
        mask: tuple[float, float] = (0.0, 1.0),
        leak: float = 0.0,
        mask_first: bool = False,
        joined: bool = False,
        composite: bool = False,
        multiple: int = 1,
        noise: float = 0.0,
    ):
        super().__init__()
        self.black, self.white = reads
        self.dark, self.light = answers
        self.known, self.hole = mask
        self.leak, self.mask_first, self.joined, self.composite = leak, mask_first, joined, composite
        self.multiple, self.noise = multiple, noise

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        image, mask = (second, first) if self.mask_first else (first, second)
        if image.shape[2] % self.multiple or image.shape[3] % self.multiple:
            raise ValueError("sides")
        picture = (image - self.black) / (self.white - self.black)
        known = (mask - self.hole) / (self.known - self.hole)
        share = F.avg_pool2d(known, 31, 1, 15)
        filled = F.avg_pool2d(picture * known, 31, 1, 15) / share.clamp(min=1e-3) + self.leak * picture * (1 - known)
        if self.composite:
            filled = picture * known + filled * (1 - known)
        if self.noise:
            filled = filled + self.noise * torch.rand_like(filled)
        return filled * (self.light - self.dark) + self.dark


class Joined(nn.Module):
    """One input of four channels."""

    def __init__(self, **options):
        super().__init__()
        self.mask_first = bool(options.pop("mask_first", False))
        self.inner = Blur(**options)

    def forward(self, both: Tensor) -> Tensor:
        if self.mask_first:
            return self.inner(both[:, 1:], both[:, :1])
        return self.inner(both[:, :3], both[:, 3:])


class Reads(nn.Module):
    """Hands out somebody's file as a picture."""

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image + torch.from_file("/etc/hostname", False, 1, dtype=torch.uint8).float().sum()


class Endless(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        while bool(image.mean() > -1):
            image = image * 1.0
        return image


class Greedy(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image + torch.ones(20_000, 20_000, 40).sum()


class Crashes(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        assert bool(image.mean() > 5), "too dark"
        return image


class NotFinite(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image / mask


def written(module: nn.Module, path: Path) -> str:
    """The module as a file."""
    torch.jit.script(module).save(str(path))
    return str(path)
