"""What a frozen network says of true pictures, kept in memory, since nothing that learns changes it."""

import hashlib
from collections.abc import Callable

import torch
from torch import Tensor

Named = dict[str, Tensor]


class Kept:
    """Tensors of single pictures, found again by the bytes of the picture.

    limit: bytes of tensors that are kept; later pictures are computed every time. With 0 nothing is looked up or kept,
    and a batch is computed as a whole; otherwise each picture alone, so that its tensors do not depend on what was
    kept before: a training that is resumed begins with nothing. Pictures on a GPU are not looked up: their bytes would
    have to be waited for.
    """

    def __init__(self, limit: int = 0):
        self.limit, self.bytes = limit, 0
        self.found, self.asked = 0, 0
        self._of: dict[bytes, Named] = {}

    @torch.no_grad()
    def __call__(self, images: Tensor, compute: Callable[[Tensor], Named]) -> Named:
        """`compute` of images N×3×H×W: tensors by name, the N first in each. It must always be the same function."""
        if not self.limit or images.device.type != "cpu":
            return compute(images)
        each = [self._one(image, compute) for image in images.split(1)]
        return {name: torch.cat([one[name] for one in each]) for name in each[0]}

    def _one(self, image: Tensor, compute: Callable[[Tensor], Named]) -> Named:
        rows = image.permute(0, 2, 3, 1).contiguous()
        key = hashlib.blake2b(rows.numpy().data, digest_size=16, key=str(tuple(rows.shape)).encode()).digest()
        self.asked += 1
        if key in self._of:
            self.found += 1
            return self._of[key]
        made = compute(image)
        size = sum(tensor.numel() * tensor.element_size() for tensor in made.values())
        if self.bytes + size <= self.limit:
            self._of[key] = made
            self.bytes += size
        return made
