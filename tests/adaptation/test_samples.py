import dataclasses

import pytest
import torch
from torch.nn import functional as F

from lacuna.adaptation.experiments import Experiment, read_experiment, read_experiments, shipped
from lacuna.adaptation.fillers import Pool
from lacuna.adaptation.samples import Batch, Sampler
from lacuna.errors import LacunaError
from tests.adaptation.conftest import SIZES, lopsided_hole, picture

EXPERIMENTS = read_experiments(shipped())


def sampler(name: str, size, pool: Pool, image=None, seed: int = 5) -> Sampler:
    experiment = EXPERIMENTS[name]
    if experiment.fill == "similar_image":  # what needs a backbone has tests of its own
        experiment = dataclasses.replace(experiment, fill="random_image")
    image = picture(size) if image is None else image
    return Sampler(image, lopsided_hole(size), experiment, seed, pool.without("photograph0"))


def prediction(size) -> torch.Tensor:
    return picture(size, seed=9).flip(-1)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_finetuning_mask_background_and_user_mask_never_overlap(name, pool):
    for size in SIZES:
        sampled = sampler(name, size, pool)
        for step in range(8):
            batch = sampled.batch(step, prediction(size))
            assert batch.picture.shape == (4, 3, *size) and batch.hole.shape == (4, 1, *size)
            for mask in (batch.hole, batch.known, batch.user):
                assert mask.dtype == torch.float32 and set(mask.unique().tolist()) <= {0.0, 1.0}
            assert not (batch.hole * batch.user).any()
            assert not (batch.known * batch.user).any()
            assert not (batch.hole * (1 - batch.known)).any()
            assert batch.hole.flatten(1).any(1).all() and batch.known.flatten(1).any(1).all()
            beside_user = F.max_pool2d(batch.user, 3, 1, 1)
            assert not (batch.hole * beside_user).any(), "a Sobel filter in F reads U"
            assert batch.picture.min() >= 0 and batch.picture.max() <= 1


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_lies_under_the_hole_changes_nothing(name, pool):
    size = SIZES[1]
    hole = lopsided_hole(size)
    other = torch.where(hole > 0, 1 - picture(size, seed=3), picture(size))
    other[:, hole[0] > 0] = other[:, hole[0] > 0].index_fill(1, torch.tensor([0]), torch.nan)
    for step in (0, 3):
        one, two = (sampler(name, size, pool, image).batch(step, prediction(size)) for image in (picture(size), other))
        for field in dataclasses.fields(Batch):
            assert torch.equal(getattr(one, field.name), getattr(two, field.name)), field.name


@pytest.mark.parametrize("fill", ["random_pixels", "black", "grey", "random_image", "current_prediction"])
def test_the_filler_lies_in_the_hole_alone_and_moves_with_the_picture(fill, pool):
    size = SIZES[0]
    image, hole = picture(size), lopsided_hole(size)
    batch = Sampler(image, hole, Experiment(fill=fill), 0, pool.without("photograph0")).batch(0, prediction(size))
    inside = hole[None].bool().expand(4, 3, -1, -1)
    expected = {
        "black": torch.zeros_like(image),
        "grey": torch.full_like(image, 0.5),
        "current_prediction": prediction(size),
    }
    assert torch.equal(batch.picture[~inside], image.expand(4, -1, -1, -1)[~inside])
    if fill in expected:
        assert torch.equal(batch.picture[inside], expected[fill].expand(4, -1, -1, -1)[inside])
    else:
        first, second = batch.picture[:2].unbind()
        assert not torch.equal(first, second), "the filler is new for each sample"


def test_nothing_of_the_filler_spreads_from_the_hole_by_blurring(pool):
    size = SIZES[1]
    settings = {"augment": {"blur": {"p": 1, "kernel": "8/47", "sigma": "6/47"}}}
    found = [
        Sampler(picture(size), lopsided_hole(size), read_experiment(settings | {"fill": fill}), 0).batch(0)
        for fill in ("black", "grey", "random_pixels")
    ]
    for other in found[1:]:
        assert torch.equal(found[0].picture * found[0].known, other.picture * other.known)
    assert not torch.equal(found[0].picture[0], picture(size) * (1 - lopsided_hole(size)))


@pytest.mark.parametrize("name", ["baseline", "masks_larger", "fill_black", "gaussian_noise", "brightness", "flip_lr"])
def test_strokes_keep_their_coverage(name, pool):
    masks = EXPERIMENTS[name].masks
    for size in SIZES:
        sampled = sampler(name, size, pool)
        shares = torch.cat([sampled.batch(step).hole.mean((1, 2, 3)) for step in range(10)])
        assert shares.min() >= masks.least_coverage - 1e-6 and shares.max() <= masks.greatest_coverage + 1e-6
        assert len(shares.unique()) > 10


def test_masks_differ_within_a_batch_and_between_steps(pool):
    sampled = sampler("baseline", SIZES[0], pool)
    holes = torch.cat([sampled.batch(step).hole for step in range(5)])
    assert len({hole.numpy().tobytes() for hole in holes}) == len(holes)


def test_the_batch_depends_on_seed_and_step_alone(pool):
    for name in ("combination_A", "combination_I", "gaussian_noise", "masks_full_image"):
        first = sampler(name, SIZES[0], pool)
        first.batch(0), first.batch(1)
        later, direct = first.batch(7), sampler(name, SIZES[0], pool).batch(7)
        another = sampler(name, SIZES[0], pool, seed=6).batch(7)
        for field in dataclasses.fields(Batch):
            assert torch.equal(getattr(later, field.name), getattr(direct, field.name))
        assert not torch.equal(later.hole, another.hole)


def test_tiles_of_a_batch_cover_all_but_the_user_s_mask_and_share_nothing(pool):
    for size in SIZES:
        sampled = sampler("masks_full_image", size, pool)
        batch = sampled.batch(2)
        assert torch.equal(batch.hole.sum(0)[0], torch.from_numpy(~sampled.shut).float())


def test_random_empty_pixels_are_marked_unknown(pool):
    size = SIZES[1]
    experiment = read_experiment({"augment": {"shear": 1, "empty_pixels": "random"}, "fill": "black"})
    batch = Sampler(torch.ones(3, *size) * 0.5, lopsided_hole(size), experiment, 1).batch(0)
    empty = (1 - batch.known) * (1 - batch.user)
    values = batch.picture[(empty > 0).expand(-1, 3, -1, -1)]
    assert len(values) > 100 and len(values.unique()) > 90 and not batch.hole[empty > 0].any()


# ---------------------------------------------------------------------- combinations G to J


def test_a_mask_left_alone_keeps_its_coverage_but_for_the_cut(pool):
    settings = {"augment": {"shear": {"p": 1, "reach": 0.5}, "crop": 0.4}, "augment_finetuning_mask": False}
    experiment = read_experiment(settings | {"least_coverage_after_cut": 0.14})
    cut = 0
    for size in SIZES:
        sampled = Sampler(picture(size), lopsided_hole(size), experiment, 3)
        for step in range(10):
            batch = sampled.batch(step)
            shares = batch.hole.mean((1, 2, 3))
            assert shares.min() >= 0.14 and shares.max() <= 0.25 + 1e-6
            cut += int((shares < 0.15).sum())
    assert cut > 0, "nothing was ever cut"


@pytest.mark.parametrize("follows", [True, False])
def test_only_a_mask_that_follows_changes_its_coverage_in_a_crop(follows):
    size = SIZES[0]
    experiment = read_experiment({"augment": {"crop": 1}, "augment_finetuning_mask": follows})
    sampled = Sampler(picture(size), lopsided_hole(size), experiment, 0)
    shares = torch.cat([sampled.batch(step).hole.mean((1, 2, 3)) for step in range(15)])
    within = (shares >= 0.15 - 1e-6) & (shares <= 0.25 + 1e-6)
    assert bool(within.all()) is not follows


@pytest.mark.parametrize("follows", [True, False])
def test_cropped_samples_are_acceptable(follows):
    experiment = read_experiment({"augment": {"crop": 1}, "augment_finetuning_mask": follows})
    for size in ((48, 64), (40, 40)):  # halves are whole, so that enlarging changes no share
        sampled = Sampler(picture(size), lopsided_hole(size), experiment, 2)
        for step in range(15):
            batch = sampled.batch(step)
            hole, user = batch.hole.mean((1, 2, 3)), batch.user.mean((1, 2, 3))
            assert (hole > 0.1).all() and (hole + user < 0.65).all()


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize("kind", ["strokes", "user_mask", "full_image"])
def test_a_hole_without_room_is_refused_in_one_line(kind):
    size = SIZES[1]
    hole = torch.ones(1, *size)
    hole[0, 0, 0] = 0  # known, but beside the hole
    experiment = read_experiment({"masks": {"kind": kind}})
    with pytest.raises(LacunaError) as caught:
        Sampler(picture(size), hole, experiment, 0)
    assert "no room for a finetuning mask" in str(caught.value) and "\n" not in str(caught.value)


def test_a_hole_that_leaves_just_enough_room_is_taken():
    size = (48, 64)
    hole = torch.zeros(1, *size)
    hole[..., : int(0.7 * size[1])] = 1
    batch = Sampler(picture(size), hole, Experiment(), 0).batch(0)
    assert batch.hole.mean((1, 2, 3)).min() >= 0.15


def test_fills_from_the_source_need_its_pictures(pool):
    with pytest.raises(LacunaError, match="needs pictures of the training source"):
        Sampler(picture(SIZES[0]), lopsided_hole(SIZES[0]), EXPERIMENTS["fill_random_image"], 0)
    with pytest.raises(LacunaError, match="needs descriptions"):
        Sampler(picture(SIZES[0]), lopsided_hole(SIZES[0]), EXPERIMENTS["fill_similar_image"], 0, pool.without("x"))


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match="3×H×W"):
        Sampler(picture((48, 64)), lopsided_hole((64, 48)), Experiment(), 0)
