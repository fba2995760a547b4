"""Batches: resumable, shuffled, flipped, in Lacuna's convention."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from lacuna.data.lists import Pair, write_list
from lacuna.data.loading import PairDataset, evaluation_batches, training_batches
from lacuna.errors import LacunaError

IMAGES, MASKS = 7, 5


@pytest.fixture
def listed(tmp_path):
    """A list of 7 images, each of one grey level with a bright left column, and 5 masks with a hole at the left."""
    for i in range(IMAGES):
        image = np.full((6, 10, 3), 10 * i, np.uint8)
        image[:, 0] = 255
        Image.fromarray(image).save(tmp_path / f"i{i}.png")
    for i in range(MASKS):
        mask = np.zeros((6, 10), np.uint8)
        mask[: i + 1, :2] = 255
        Image.fromarray(mask).save(tmp_path / f"m{i}.png")
    pairs = [Pair(f"{tmp_path}/i{i}.png", f"{tmp_path}/m{i % MASKS}.png") for i in range(IMAGES)]
    write_list(tmp_path / "list.txt", pairs)
    return tmp_path / "list.txt"


def taken(batches, number):
    return list(islice(batches, number))


def test_resuming_at_a_step_equals_going_on(listed):
    whole = taken(training_batches(listed, 3, seed=1), 9)
    for cache_bytes in (1 << 30, 0):
        resumed = taken(training_batches(listed, 3, seed=1, start_step=4, cache_bytes=cache_bytes), 5)
        for (image, mask), (again, mask_again) in zip(whole[4:], resumed, strict=True):
            assert torch.equal(image, again)
            assert torch.equal(mask, mask_again)
    other = taken(training_batches(listed, 3, seed=2), 9)
    assert not all(torch.equal(a[0], b[0]) for a, b in zip(whole, other, strict=True))


def test_batches_are_in_the_convention(listed):
    image, mask = next(training_batches(listed, 4, seed=1))
    assert (image.shape, image.dtype) == ((4, 3, 6, 10), torch.float32)
    assert (mask.shape, mask.dtype) == ((4, 1, 6, 10), torch.float32)
    assert image.max() == 1
    assert set(mask.unique().tolist()) == {0, 1}


def test_every_pass_shows_every_image_once_in_another_order(listed):
    levels = [
        round(255 * float(image[2, 3, 5])) // 10
        for images, _ in taken(training_batches(listed, 3, seed=1), 14)
        for image in images
    ]
    passes = [tuple(levels[i : i + IMAGES]) for i in range(0, 42, IMAGES)]
    assert all(sorted(one) == list(range(IMAGES)) for one in passes)
    assert len(set(passes)) > 3


def test_masks_and_flips_are_drawn_at_random_and_independently(listed):
    batches = taken(training_batches(listed, 10, seed=3), 60)
    images, masks = (torch.cat(parts) for parts in zip(*batches, strict=True))
    sizes = Counter(masks.sum((1, 2, 3)).int().tolist())
    assert set(sizes) == {2, 4, 6, 8, 10}
    assert min(sizes.values()) > 80
    image_flipped, mask_flipped = images[:, 0, 0, 0] < 1, masks[:, 0, 0, 0] < 1
    for share in (image_flipped, mask_flipped, image_flipped == mask_flipped):
        assert 0.4 < share.float().mean() < 0.6
    assert (images[image_flipped][..., -1] == 1).all()
    assert (masks[mask_flipped][:, 0, 0, -2:] == 1).all()


def test_images_of_several_sizes_are_refused_in_training_only(listed, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    Image.new("L", (8, 8), 255).save(tmp_path / "small_mask.png")
    pairs = PairDataset(listed).pairs
    small = Pair(f"{tmp_path}/small.png", f"{tmp_path}/small_mask.png")
    write_list(listed, [*pairs[:4], small, *pairs[4:]])
    with pytest.raises(LacunaError, match=r"list.txt differ in size"):
        taken(training_batches(listed, 4, seed=1), 4)
    assert [len(pairs) for *_, pairs in evaluation_batches(listed, 3)] == [3, 1, 1, 3]


def test_evaluation_is_in_order_and_complete(listed):
    batches = list(evaluation_batches(listed, 3))
    assert [len(image) for image, *_ in batches] == [3, 3, 1]
    assert [pair for *_, pairs in batches for pair in pairs] == PairDataset(listed).pairs
    images, masks = torch.cat([b[0] for b in batches]), torch.cat([b[1] for b in batches])
    assert (255 * images[:, 0, 3, 5]).round().tolist() == [10 * i for i in range(IMAGES)]
    assert (images[..., 0] == 1).all()
    assert masks.sum((1, 2, 3)).tolist() == [2, 4, 6, 8, 10, 2, 4]
    assert (masks[:, 0, 0, :2] == 1).all()


def test_the_dataset(listed):
    dataset = PairDataset(listed)
    assert len(dataset) == IMAGES
    image, mask, pair = dataset[3]
    assert image.shape == (3, 6, 10)
    assert mask.shape == (1, 6, 10)
    assert pair.image.endswith("i3.png")


def test_a_broken_list_is_noticed_before_the_first_batch(listed):
    listed.write_text("nothing.png\tnothing.png\n")
    with pytest.raises(LacunaError, match="line 1"):
        training_batches(listed, 2, seed=1)


def test_without_flips_everything_else_is_drawn_the_same(listed):
    flipped, straight = (taken(training_batches(listed, 10, seed=3, flip=flip), 6) for flip in (True, False))
    for both, either in zip(flipped, straight, strict=True):
        for values, same in zip(both, either, strict=True):
            assert (same[..., 0] == 1).any(1).any(1).all()
            sides = torch.stack([same, same.flip(-1)]) == values
            assert sides.flatten(2).all(2).any(0).all()


def test_masks_grow_with_training(listed):
    """Of five masks with holes of 2, 4, … 10 pixels one more is drawn after every four of twenty steps."""
    grown = taken(training_batches(listed, 12, seed=1, growing=20), 30)
    sizes = [set(masks.sum((1, 2, 3)).int().tolist()) for _, masks in grown]
    for admitted in range(1, MASKS + 1):
        four = sizes[4 * (admitted - 1) : 4 * admitted]
        assert set.union(*four) == {2 * i for i in range(1, admitted + 1)}
    resumed = taken(training_batches(listed, 12, seed=1, start_step=7, growing=20, cache_bytes=0), 3)
    assert all(torch.equal(a[1], b[1]) for a, b in zip(grown[7:10], resumed, strict=True))
    plain = taken(training_batches(listed, 12, seed=1), 30)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(plain, grown, strict=True))
    assert all(torch.equal(a[1], b[1]) for a, b in zip(plain[20:], grown[20:], strict=True))
