"""Batches: resumable, shuffled, flipped, in Lacuna's convention."""

import shutil
from collections import Counter
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from lacuna.data import loading
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


def test_colours_are_drawn_anew_at_every_step_and_again_when_resuming(listed):
    plain = taken(training_batches(listed, 3, seed=1), 9)
    coloured = taken(training_batches(listed, 3, seed=1, recolour=1.0), 9)
    for (image, mask), (changed, as_before) in zip(plain, coloured, strict=True):
        assert torch.equal(mask, as_before) and not torch.equal(image, changed)
    resumed = taken(training_batches(listed, 3, seed=1, start_step=4, recolour=1.0), 5)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(coloured[4:], resumed, strict=True))
    whitest = torch.stack([image.amax((2, 3)) for image, _ in coloured]).flatten(0, 1)
    assert len(whitest.unique(dim=0)) == len(whitest)  # no image is coloured as another, or as itself before


def test_negatives_are_drawn_anew_at_every_step_and_leave_the_rest_of_a_batch_alone(listed):
    plain = taken(training_batches(listed, 3, seed=1), 9)
    turned = taken(training_batches(listed, 3, seed=1, negatives=0.5), 9)
    seen = []
    for (image, mask), (changed, as_before) in zip(plain, turned, strict=True):
        assert torch.equal(mask, as_before)
        same = (image == changed).all(3).all(2)
        assert torch.allclose(changed, torch.where(same[..., None, None], image, 1 - image))
        seen += same.tolist()
    assert len({tuple(each) for each in seen}) > 4
    resumed = taken(training_batches(listed, 3, seed=1, start_step=4, negatives=0.5), 5)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(turned[4:], resumed, strict=True))


def same(ones, others):
    pairs = [pair for both in zip(ones, others, strict=True) for pair in zip(*both, strict=True)]
    return all(torch.equal(one, other) for one, other in pairs)


def test_a_mapped_file_holds_the_same_values_and_is_used_again(listed, tmp_path, monkeypatch):
    read, scratch = [], tmp_path / "scratch"
    for name in ("read_image", "read_mask"):
        original = getattr(loading, name)
        monkeypatch.setattr(loading, name, lambda path, own=original: read.append(path) or own(path))
    whole = taken(training_batches(listed, 3, seed=1), 9)
    options = {"seed": 1, "cache_bytes": 0, "scratch": scratch}
    read.clear()
    assert same(whole, taken(training_batches(listed, 3, **options), 9))
    assert len(read) <= IMAGES + MASKS + 4  # the first of each kind tells size and type
    made = sorted(scratch.iterdir())
    assert [path.name.partition("-")[0] for path in made] == ["images", "masks"]
    assert made[0].stat().st_size < IMAGES * 6 * 10 * 3 + 200 and made[1].stat().st_size < MASKS * 6 * 10 + 200
    read.clear()
    assert same(whole[4:], taken(training_batches(listed, 3, start_step=4, **options), 5))
    assert len(read) == 2
    Image.fromarray(np.full((6, 10, 3), 77, np.uint8)).save(tmp_path / "i0.png")
    again = taken(training_batches(listed, 3, **options), 9)
    assert same(again, taken(training_batches(listed, 3, seed=1), 9)) and not same(whole, again)
    assert len(list(scratch.iterdir())) == 2 and made[0] not in scratch.iterdir() and made[1] in scratch.iterdir()


def test_a_disk_without_room_is_said_and_pictures_are_decoded_every_time(listed, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    found = taken(training_batches(listed, 3, seed=1, cache_bytes=0, scratch=tmp_path / "scratch"), 4)
    assert same(found, taken(training_batches(listed, 3, seed=1), 4))
    assert "the disk has no room for 7 decoded images; they are decoded in every pass" in capsys.readouterr().out
    assert not list((tmp_path / "scratch").iterdir())


def test_a_broken_picture_leaves_no_half_file(listed, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    Image.new("L", (8, 8), 255).save(tmp_path / "small_mask.png")
    pairs = PairDataset(listed).pairs
    write_list(listed, [*pairs[:5], Pair(f"{tmp_path}/small.png", f"{tmp_path}/small_mask.png")])
    with pytest.raises(LacunaError, match="small.png and .*i0.png differ in size"):
        training_batches(listed, 3, seed=1, cache_bytes=0, scratch=tmp_path / "scratch")
    assert not list((tmp_path / "scratch").iterdir())


def test_rows_of_a_batch_are_those_of_the_whole_one(listed):
    whole = taken(training_batches(listed, 5, seed=1, recolour=1.0, negatives=0.5), 6)
    for rows in (slice(0, 2), slice(2, 5)):
        some = taken(training_batches(listed, 5, seed=1, recolour=1.0, negatives=0.5, rows=rows), 6)
        assert same(some, [(image[rows], mask[rows]) for image, mask in whole])


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
