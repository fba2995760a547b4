"""What training does to pictures and masks beyond flips: what it makes, what it leaves, and that steps draw it."""

from contextlib import closing
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from lacuna.data.augmentation import Augmentation
from lacuna.data.loading import training_batches
from lacuna.errors import LacunaError
from lacuna.training.augmenting import augmentation
from lacuna.training.settings import Budget
from tests.data.pictures import asymmetric

HEIGHT, WIDTH = 24, 40
EVERYTHING = Augmentation(crop=(0.3, 0.9), colour=0.1, mask_turn=(-20, 40), mask_crop=(0.5, 0.9), mask_grow=(1, 2))


def corner() -> np.ndarray:
    """bool H×W: a hole in the upper left."""
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[2:8, 3:15] = True
    return hole


def rng():
    return np.random.default_rng(5)


def test_the_defaults_leave_everything_as_it_is():
    picture = asymmetric(WIDTH, HEIGHT)
    assert Augmentation().picture(picture, rng()) is picture
    assert (Augmentation().mask(corner(), rng()) == corner()).all()


def test_a_crop_is_a_part_of_the_picture_at_its_size():
    ramp = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8)[None, :, None], (HEIGHT, 1, 3))
    cut = Augmentation(crop=(0.25, 0.25)).picture(ramp, rng())
    assert cut.shape == ramp.shape and cut.dtype == np.uint8
    assert int(cut[0, -1, 0]) - int(cut[0, 0, 0]) == pytest.approx(255 / 2, abs=10)  # half of a side


def test_colours_change_by_little_and_places_do_not():
    picture = asymmetric(WIDTH, HEIGHT)
    made = Augmentation(colour=0.05).picture(picture, rng()).astype(int)
    difference = np.abs(made - picture)
    assert 0 < difference.max() < 60
    quarter = made[: HEIGHT // 2, : WIDTH // 2]
    assert (quarter == quarter[0, 0]).all()  # what had one colour has one


def test_a_hole_grows_by_a_square_to_all_sides():
    made = Augmentation(mask_grow=(3, 3)).mask(corner(), rng())
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[0:11, 0:18] = True
    assert made.dtype == bool and (made == expected).all()
    assert (Augmentation(mask_grow=(3, 3), mask_grow_share=0).mask(corner(), rng()) == corner()).all()
    some = Augmentation(mask_grow=(1, 2))
    sizes = {int(some.mask(corner(), np.random.default_rng(i)).sum()) for i in range(20)}
    assert sizes == {(6 + 2) * (12 + 2), (6 + 4) * (12 + 4)}


def test_a_mask_is_turned_and_what_comes_from_outside_is_valid():
    hole = np.zeros((31, 31), bool)
    hole[15, 20:28] = True
    made = Augmentation(mask_turn=(90, 90)).mask(hole, rng())
    rows, columns = np.nonzero(made)
    assert set(columns) == {15} and rows.max() < 15  # counter-clockwise: from the right to the top
    whole = np.ones((24, 40), bool)
    whole[0, 0] = False
    turned = Augmentation(mask_turn=(30, 30)).mask(whole, rng())
    assert not turned[0, 0] and not turned[-1, -1] and turned[12, 20]


def test_a_mask_that_would_lose_its_hole_or_have_nothing_else_stays():
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[0, 0] = True
    assert (Augmentation(mask_turn=(45, 45)).mask(hole, rng()) == hole).all()
    assert (Augmentation(mask_grow=(100, 100)).mask(hole, rng()) == hole).all()


@pytest.fixture
def listed(tmp_path):
    """Five pictures and three masks of 40×24."""
    lines = []
    for i in range(5):
        Image.fromarray(np.roll(asymmetric(WIDTH, HEIGHT), 3 * i, axis=1)).save(tmp_path / f"{i}.png")
        Image.fromarray(np.roll(corner(), 5 * (i % 3), axis=0).astype(np.uint8) * 255).save(tmp_path / f"m{i % 3}.png")
        lines.append(f"{tmp_path}/{i}.png\t{tmp_path}/m{i % 3}.png\n")
    (tmp_path / "list.txt").write_text("".join(lines))
    return tmp_path / "list.txt"


def batches(listed, number=6, **how):
    with closing(training_batches(listed, 3, seed=1, **how)) as made:
        return list(islice(made, number))


def test_a_step_is_the_same_whenever_and_wherever_it_is_made(listed):
    """Going on at a step, and being one of several devices, change nothing."""
    whole = batches(listed, augment=EVERYTHING)
    later = batches(listed, 3, start_step=3, augment=EVERYTHING)
    for before, again in zip(whole[3:], later, strict=True):
        assert all(torch.equal(*both) for both in zip(before, again, strict=True))
    last = batches(listed, rows=slice(2, 3), augment=EVERYTHING)
    for (image, mask), (own_image, own_mask) in zip(whole, last, strict=True):
        assert torch.equal(image[2:], own_image) and torch.equal(mask[2:], own_mask)


def test_it_changes_what_is_seen_and_not_which_pictures_are_drawn(listed):
    plain, nothing = batches(listed), batches(listed, augment=Augmentation())
    assert all(torch.equal(*both) for pair in zip(plain, nothing, strict=True) for both in zip(*pair, strict=True))
    grown = batches(listed, augment=Augmentation(mask_grow=(1, 1)))
    for (image, mask), (same, larger) in zip(plain, grown, strict=True):
        assert torch.equal(image, same) and (larger >= mask).all() and larger.sum() > mask.sum()
    made = batches(listed, augment=EVERYTHING)
    assert not any(torch.equal(before[0], after[0]) for before, after in zip(plain, made, strict=True))
    assert all(set(mask.unique().tolist()) == {0.0, 1.0} for _, mask in made)
    first, second = (batches(listed, 1, augment=EVERYTHING, start_step=step)[0][0] for step in (0, 5))
    assert not torch.equal(first, second)


def test_what_a_budget_asks_for():
    assert augmentation(Budget(), "aotgan") == {"flip": True, "recolour": 0.0, "negatives": 0.0, "augment": None}
    assert augmentation(Budget(augment="none", recolour=0.5, negatives=0.5), "aotgan") == {"flip": False}
    theirs = augmentation(Budget(augment="authors"), "aotgan")
    assert theirs["flip"] and theirs["augment"] == Augmentation(crop=(0.08, 1.0), colour=0.05, mask_turn=(0, 45))
    assert augmentation(Budget(augment="authors", flip=True), "partialconv")["flip"] is False
    own = augmentation(Budget(augment={"mask_grow": [1, 5]}, flip=False), "aotgan")
    assert own == {"flip": False, "recolour": 0.0, "negatives": 0.0, "augment": Augmentation(mask_grow=(1, 5))}
    with pytest.raises(LacunaError, match="the authors of system 'lama' do"):
        augmentation(Budget(augment="authors"), "lama")
    with pytest.raises(LacunaError, match="'augment' of training.crop"):
        Budget(augment={"crop": [0.1, 2]})
