import numpy as np
import pytest

from lacuna.adaptation import finetuning_masks
from lacuna.adaptation.experiments import Masks
from tests.adaptation.conftest import SIZES, lopsided_hole


def hole(size) -> np.ndarray:
    return lopsided_hole(size)[0].numpy() > 0


@pytest.mark.parametrize(("size", "radius"), [((256, 300), 2), ((64, 64), 1), ((40, 512), 1), ((512, 640), 4)])
def test_the_rim_is_a_share_of_the_short_side_and_at_least_a_pixel(size, radius):
    dot = np.zeros(size, bool)
    dot[20, 30] = True
    expected = np.zeros(size, bool)
    expected[20 - radius : 21 + radius, 30 - radius : 31 + radius] = True
    assert (finetuning_masks.dilated(dot, Masks().dilation) == expected).all()


def test_limits_in_pixels_are_within_the_shares():
    for size in (*SIZES, (7, 11)):
        fewest, most = finetuning_masks.pixel_limits(Masks(), size)
        total = size[0] * size[1]
        assert 0.15 * total <= fewest < 0.15 * total + 1 and 0.25 * total - 1 < most <= 0.25 * total


def test_strokes_stay_outside_and_within_their_limits():
    rng = np.random.default_rng(0)
    for size in SIZES:
        shut = finetuning_masks.dilated(hole(size), 2 / 256)
        for fewest, most in ((100, 120), (380, 420), (1, 5)):
            for _ in range(20):
                found = finetuning_masks.draw_strokes(rng, shut, fewest, most)
                assert not (found & shut).any() and fewest <= found.sum() <= most


def test_no_strokes_are_found_where_none_fit():
    shut = np.ones((40, 50), bool)
    shut[3:13, 4:14] = False
    rng = np.random.default_rng(0)
    assert finetuning_masks.draw_strokes(rng, shut, 101, 200) is None
    assert finetuning_masks.draw_strokes(rng, shut, 50, 40) is None
    assert finetuning_masks.draw_strokes(rng, shut, 30, 80).sum() >= 30


def test_the_user_s_mask_is_moved_about_and_keeps_its_size_at_most():
    rng = np.random.default_rng(1)
    for size in SIZES:
        user = hole(size)
        shut = finetuning_masks.dilated(user, 2 / 256)
        found = [finetuning_masks.move_user_mask(rng, user, shut, 1 / 4) for _ in range(40)]
        assert all(mask.any() and not (mask & shut).any() for mask in found)
        assert all(mask.sum() <= 1.15 * user.sum() for mask in found)  # a rotation counts pixels a little differently
        assert len({mask.tobytes() for mask in found}) > 35


@pytest.mark.parametrize("count", [1, 3, 4, 16])
def test_tiles_are_dealt_out_evenly_and_cover_everything_once(count):
    rng = np.random.default_rng(2)
    for size in SIZES:
        tiles = finetuning_masks.draw_tiles(rng, size, 10 / 256, count)
        assert tiles.shape == (count, *size) and (tiles.sum(0) == 1).all()
        assert tiles.mean((1, 2)).max() < 2 * -(-16 // count) / 16


def test_tiles_without_roughness_are_squares_and_with_it_are_not():
    size = (64, 48)
    smooth = finetuning_masks.draw_tiles(np.random.default_rng(3), size, 0, 16)
    rough = finetuning_masks.draw_tiles(np.random.default_rng(3), size, 10 / 256, 16)
    boxes = {mask.reshape(4, 16, 4, 12).any((1, 3)).sum() for mask in smooth}
    assert boxes == {1} and all(mask.sum() == 16 * 12 for mask in smooth)
    centres = [np.argwhere(mask).mean(0) for mask in smooth]
    same = [np.abs(np.argwhere(mask).mean(0) - centre).max() for mask, centre in zip(rough, centres, strict=True)]
    assert 0 < max(same) < 3 and (rough != smooth).any((1, 2)).all()
