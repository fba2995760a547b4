"""From a list of pairs to batches of tensors."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, groupby, islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from lacuna.data.images import read_image_bytes, read_mask_bytes
from lacuna.data.lists import Pair, read_list
from lacuna.errors import LacunaError

_CACHE_BYTES = 2 << 30


class _Files:
    """Decoded pictures as uint8 arrays, kept in memory once they are read, if all of them fit."""

    def __init__(self, paths: list[str], read, cache_bytes: int):
        self.paths, self.read = paths, read
        self.kept: dict[int, np.ndarray] = {}
        self.shape = read(paths[0]).shape
        self.fits = int(np.prod(self.shape)) * len(paths) <= cache_bytes

    def __getitem__(self, i: int) -> np.ndarray:
        if i in self.kept:
            return self.kept[i]
        values = self.read(self.paths[i])
        if self.fits:
            self.kept[i] = values
        return values


class PairDataset(Dataset):
    """The pairs of a list as (image 3×H×W in [0, 1], mask 1×H×W of 0 and 1, pair), in order; errors as in `read_list`."""

    def __init__(self, list_path: str | Path):
        self.pairs = read_list(list_path)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor, Pair]:
        pair = self.pairs[i]
        return _image_tensor(read_image_bytes(pair.image)), _mask_tensor(read_mask_bytes(pair.mask)), pair


def training_batches(
    list_path: str | Path, batch_size: int, seed: int, start_step: int = 0, cache_bytes: int = _CACHE_BYTES
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches (image N×3×H×W, mask N×1×H×W) for the steps `start_step`, `start_step` + 1, … without end.

    The batch of a step depends on the list, `batch_size`, `seed` and the step's number alone, so training that was
    interrupted goes on with the batches that it would have seen. The list's images are shuffled anew for every pass over
    them; its masks are drawn at random, independently; each image and each mask is flipped left to right with
    probability 1/2. Sets below `cache_bytes` stay decoded in memory; others are read ahead by threads.
    Errors: as in `read_list`; a `LacunaError` when the images differ in size.
    """
    pairs = read_list(list_path)
    images = _Files(list(dict.fromkeys(pair.image for pair in pairs)), read_image_bytes, cache_bytes)
    masks = _Files(list(dict.fromkeys(pair.mask for pair in pairs)), read_mask_bytes, cache_bytes)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([seed, step])
        chosen_masks = rng.integers(len(masks.paths), size=batch_size)
        flips = rng.integers(2, size=(2, batch_size))
        chosen = zip(_image_numbers(len(images.paths), batch_size, seed, step), chosen_masks, *flips, strict=True)
        some = [(_flipped(images[i], a), _flipped(masks[int(j)], b)) for i, j, a, b in chosen]
        for image, mask in some:
            if image.shape != images.shape or mask.shape != masks.shape:
                raise LacunaError(f"the images of {list_path} have several sizes; training needs one, so stage them")
        return tuple(to(np.stack(part)) for to, part in zip((_image_tensor, _mask_tensor), zip(*some), strict=True))

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        ahead = deque(pool.submit(batch, step) for step in range(start_step, start_step + 4))
        for step in count(start_step + len(ahead)):
            yield ahead.popleft().result()
            ahead.append(pool.submit(batch, step))


def evaluation_batches(list_path: str | Path, batch_size: int) -> Iterator[tuple[Tensor, Tensor, list[Pair]]]:
    """Batches (image N×3×H×W, mask N×1×H×W, their pairs) of the whole list, once, in order.

    A batch ends early where the next image has another size. Errors: as in `read_list`.
    """
    for _, run in groupby(map(PairDataset(list_path).__getitem__, count()), lambda item: item[0].shape):
        while some := list(islice(run, batch_size)):
            image, mask, pairs = zip(*some, strict=True)
            yield torch.stack(image), torch.stack(mask), list(pairs)


def _image_numbers(number: int, batch_size: int, seed: int, step: int) -> list[int]:
    """Which images are in a step's batch: a slice of one permutation after another."""
    places = range(step * batch_size, (step + 1) * batch_size)
    orders = {
        epoch: np.random.default_rng([seed, epoch, 1]).permutation(number) for epoch in {p // number for p in places}
    }
    return [int(orders[place // number][place % number]) for place in places]


def _flipped(values: np.ndarray, flip: int) -> np.ndarray:
    return values[..., ::-1] if flip else values


def _image_tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values).to(torch.float32) / 255


def _mask_tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values).to(torch.float32)
