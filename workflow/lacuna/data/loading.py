"""From a list of pairs to batches of tensors."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import count, groupby, islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from lacuna.data.augmentation import Augmentation
from lacuna.data.colours import recoloured, with_negatives
from lacuna.data.decoded import decoded
from lacuna.data.images import read_image, read_mask
from lacuna.data.lists import Pair, read_list
from lacuna.data.sizes import HELD_BYTES
from lacuna.data.tensors import image_tensor, mask_tensor
from lacuna.errors import LacunaError

_AHEAD = 4  # batches and threads


class _Files:
    """Decoded pictures or holes: kept in memory once they are read, if all of them fit, else mapped from a file."""

    def __init__(self, paths: list[str], read, cache_bytes: int, scratch: Path | None, kind: str):
        self.paths, self.read = paths, read
        self.kept: dict[int, np.ndarray] = {}
        first = read(paths[0])
        self.shape = first.shape
        self.fits = first.nbytes * len(paths) <= cache_bytes
        self.mapped = None if self.fits or scratch is None else decoded(paths, read, scratch, kind)

    def __getitem__(self, i: int) -> np.ndarray:
        if self.mapped is not None:
            return self.mapped[i]
        if i in self.kept:
            return self.kept[i]
        values = self.read(self.paths[i])
        if self.fits:
            self.kept[i] = values
        return values


class PairDataset(Dataset):
    """The pairs of a list as (image 3×H×W in [0, 1], mask 1×H×W of 0 and 1, pair); errors as in `read_list`."""

    def __init__(self, list_path: str | Path):
        self.pairs = read_list(list_path)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor, Pair]:
        pair = self.pairs[i]
        return image_tensor(read_image(pair.image)).contiguous(), mask_tensor(read_mask(pair.mask)), pair


def training_batches(
    list_path: str | Path,
    batch_size: int,
    seed: int,
    start_step: int = 0,
    cache_bytes: int = HELD_BYTES,
    flip: bool = True,
    recolour: float = 0.0,
    negatives: float = 0.0,
    growing: int = 0,
    augment: Augmentation | None = None,
    scratch: Path | None = None,
    rows: slice = slice(None),
) -> Generator[tuple[Tensor, Tensor], None, None]:
    """Batches (image N×3×H×W, mask N×1×H×W) for the steps `start_step`, `start_step` + 1, … without end.

    The batch of a step depends on these arguments and the step's number alone, so training that was interrupted goes on
    with the batches that it would have seen. The list's images are shuffled anew for every pass over them; its masks
    are drawn at random, independently, in the first `growing` steps only from those with the smallest holes, as many as
    the steps done allow (curriculum learning, Bengio et al. 2009); each image and each mask is flipped left to right
    with probability 1/2, independently too, unless `flip` is False. recolour: the strength of random colours in [0, 1]
    (`lacuna.data.colours`), drawn anew for each image of each step; negatives: the share of channels that become their
    negative, likewise. augment: what else is done to images and masks, likewise, after flips and colours. rows: which
    of a batch are asked for. Sets up to `cache_bytes` (bytes) stay decoded in memory; larger ones are decoded once into
    a file of the folder `scratch`, or, without it, in every pass, which changes no value. Threads read ahead. Errors:
    as in `read_list`; a `LacunaError` when the images differ in size.
    """
    pairs = read_list(list_path)
    images = _Files(list(dict.fromkeys(pair.image for pair in pairs)), read_image, cache_bytes, scratch, "images")
    masks = _Files(list(dict.fromkeys(pair.mask for pair in pairs)), read_mask, cache_bytes, scratch, "masks")

    in_order = np.arange(len(masks.paths))
    if growing:
        in_order = np.argsort([np.count_nonzero(masks[int(i)]) for i in in_order], kind="stable")

    @lru_cache(maxsize=2)  # a batch touches the end of one pass and the beginning of the next
    def order(epoch: int) -> np.ndarray:
        return np.random.default_rng([seed, epoch, 1]).permutation(len(images.paths))

    def batch(step: int) -> tuple[Tensor, Tensor]:
        places = [divmod(place, len(images.paths)) for place in range(step * batch_size, (step + 1) * batch_size)][rows]
        rng = np.random.default_rng([seed, step])
        drawn = rng.integers(len(in_order), size=batch_size)[rows]
        if step < growing:  # as many random numbers as ever, so that images and flips stay what they are
            drawn = drawn * -(-len(in_order) * (step + 1) // growing) // len(in_order)
        drawn = in_order[drawn]
        flips = rng.integers(2, size=(2, batch_size))[:, rows] * flip
        chosen = [
            [_flipped(images[int(order(epoch)[i])], flip) for (epoch, i), flip in zip(places, flips[0], strict=True)],
            [_flipped(masks[int(i)], flip) for i, flip in zip(drawn, flips[1], strict=True)],
        ]
        if {image.shape[:2] for image in chosen[0]} | {mask.shape for mask in chosen[1]} != {images.shape[:2]}:
            raise LacunaError(f"the images of {list_path} differ in size; training needs one size, so stage them first")
        if recolour:
            own = [np.random.default_rng([seed, step, 2, row]) for row in range(batch_size)[rows]]
            chosen[0] = [recoloured(image, recolour, rng) for image, rng in zip(chosen[0], own, strict=True)]
        if negatives:
            own = [np.random.default_rng([seed, step, 3, row]) for row in range(batch_size)[rows]]
            chosen[0] = [with_negatives(image, negatives, rng) for image, rng in zip(chosen[0], own, strict=True)]
        if augment:
            own = [np.random.default_rng([seed, step, 4, row]) for row in range(batch_size)[rows]]
            chosen = [
                [change(each, rng) for each, rng in zip(some, own, strict=True)]
                for change, some in zip((augment.picture, augment.mask), chosen, strict=True)
            ]
        return image_tensor(np.stack(chosen[0])).contiguous(), mask_tensor(np.stack(chosen[1]))

    return _read_ahead(batch, start_step)


def _read_ahead(batch: Callable[[int], tuple], start_step: int) -> Generator[tuple, None, None]:
    """`batch(start_step)`, `batch(start_step + 1)`, …, made by threads while the former ones are used."""
    with ThreadPoolExecutor(_AHEAD) as pool:
        ahead = deque(pool.submit(batch, start_step + i) for i in range(_AHEAD))
        for step in count(start_step + _AHEAD):
            yield ahead.popleft().result()
            ahead.append(pool.submit(batch, step))


def evaluation_batches(list_path: str | Path, batch_size: int) -> Iterator[tuple[Tensor, Tensor, list[Pair]]]:
    """Batches (image N×3×H×W, mask N×1×H×W, their pairs) of the whole list, once, in order.

    A batch ends early where the next image has another size. Errors: as in `read_list`.
    """
    dataset = PairDataset(list_path)
    items = (dataset[i] for i in range(len(dataset)))
    for _, run in groupby(items, lambda item: item[0].shape):
        while some := list(islice(run, batch_size)):
            image, mask, pairs = zip(*some, strict=True)
            yield torch.stack(image), torch.stack(mask), list(pairs)


def _flipped(values: np.ndarray, flip: int) -> np.ndarray:
    return values[:, ::-1] if flip else values
