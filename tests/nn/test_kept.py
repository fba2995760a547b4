"""What is kept of true pictures: found by their bytes, the same whether it was kept, up to a limit."""

import pytest
import torch

from lacuna.nn.kept import Kept


@pytest.fixture
def compute():
    """Two tensors a picture; `compute.sizes` are the numbers of pictures that it was called with."""

    def compute(images):
        compute.sizes.append(len(images))
        return {"mean": images.mean(1, keepdim=True), "flat": images.flatten(1)[:, :7]}

    compute.sizes = []
    return compute


def pictures(n, seed=0):
    return torch.rand(n, 3, 5, 8, generator=torch.Generator().manual_seed(seed))


def same(found, expected):
    assert list(found) == list(expected)
    return all(torch.equal(found[name], expected[name]) for name in expected)


def test_each_picture_is_computed_once_in_any_batch_and_memory_order(compute):
    kept, images = Kept(10**6), pictures(3)
    assert same(kept(images, compute), compute(images))
    again = images[[2, 0]].contiguous(memory_format=torch.channels_last)
    assert same(kept(again, compute), compute(again))
    assert compute.sizes == [1, 1, 1, 3, 2] and (kept.asked, kept.found) == (5, 2)


def test_a_flip_and_another_shape_are_other_pictures(compute):
    kept, image = Kept(10**6), pictures(1)
    for each in (image, image.flip(3), image.reshape(1, 3, 8, 5)):
        assert same(kept(each, compute), compute(each))
    assert kept.found == 0


def test_the_limit_holds_and_what_was_kept_stays(compute):
    one = 4 * (5 * 8 + 7)
    kept, images = Kept(2 * one + 1), pictures(4)
    for _ in range(2):
        assert same(kept(images, compute), compute(images))
    assert kept.bytes == 2 * one and kept.found == 2


def test_without_memory_a_batch_is_computed_whole_and_without_gradients(compute):
    images = pictures(3).requires_grad_()
    found = Kept()(images, compute)
    assert compute.sizes == [3] and not found["mean"].requires_grad
