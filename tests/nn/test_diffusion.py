"""Levels of noise and RePaint's walk: by hand-computed values, and by what noise must look like."""

import math

import pytest
import torch

from lacuna.nn.diffusion import Levels, evaluations, walk

THREE = Levels.linear(3, 0.1, 0.5)  # β = 0.1, 0.3, 0.5


def test_what_is_kept_of_a_picture_is_the_product_of_what_each_level_keeps():
    assert THREE.kept == pytest.approx((1, 0.9, 0.63, 0.315)) and THREE.trained == (0, 1, 2, 3)
    assert [THREE.variance(level) for level in (1, 2, 3)] == pytest.approx([0.1, 0.3, 0.5])
    ho = Levels.linear(1000, 1e-4, 0.02)
    assert math.log(ho.kept[-1]) == pytest.approx(sum(math.log1p(-(1e-4 + 0.0199 * i / 999)) for i in range(1000)))
    assert ho.kept[-1] < 5e-5  # nothing is left of the picture
    assert Levels.linear(1, 0.2, 0.9).kept == (1, 0.8)


def test_fewer_levels_keep_the_same_shares():
    ten = Levels.linear(10, 0.01, 0.3)
    four = ten.respaced(4)
    assert four.trained == (0, 1, 4, 7, 10) and four.kept == tuple(ten.kept[each] for each in (0, 1, 4, 7, 10))
    # between two of them lies what lies between them in the ten
    assert 1 - four.variance(2) == pytest.approx(math.prod(1 - ten.variance(each) for each in (2, 3, 4)))
    assert ten.respaced(10) == ten and ten.respaced(1).trained == (0, 10)
    assert four.respaced(2).trained == (0, 1, 10)


@pytest.mark.parametrize(
    ("levels", "jump", "times", "expected"),
    [
        (3, 1, 1, [3, 2, 1, 0]),
        (5, 2, 2, [5, 4, 3, 4, 5, 4, 3, 2, 1, 2, 3, 2, 1, 0]),
        (4, 3, 3, [4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 0]),
        (3, 1, 2, [3, 2, 3, 2, 1, 2, 1, 0]),
        (2, 5, 9, [2, 1, 0]),  # no way back is so long
        (1, 1, 2, [1, 0]),
    ],
)
def test_the_walk(levels, jump, times, expected):
    assert walk(levels, jump, times) == expected


@pytest.mark.parametrize(("levels", "jump", "times"), [(250, 10, 10), (7, 2, 3), (20, 5, 2)])
def test_a_walk_goes_by_single_levels_and_is_as_long_as_it_says(levels, jump, times):
    visited = walk(levels, jump, times)
    steps = [after - before for before, after in zip(visited, visited[1:], strict=False)]
    assert set(steps) <= {1, -1} and visited[-1] == 0 and max(visited) == levels
    jumps = len(range(1, levels - jump + 1, jump))
    assert evaluations(visited) == levels + jumps * (times - 1) * jump == steps.count(-1)
    assert visited.count(1) >= times
    assert evaluations(walk(250, 10, 10)) == 2410  # of the paper's settings


def test_noise_is_added_and_found_again():
    draw = torch.Generator().manual_seed(0)
    picture = torch.rand(2, 3, 9, 13, generator=draw) * 2 - 1
    noise = torch.randn(picture.shape, generator=draw)
    for level in (1, 2, 3):
        noised = THREE.noised(picture, noise, level)
        torch.testing.assert_close(THREE.clean(noised, noise, level), picture)
    assert torch.equal(THREE.noised(picture, noise, 0), picture)
    assert THREE.clean(torch.full((1,), 9.0), torch.zeros(1), 1) == 1  # never out of [−1, 1]


def test_the_way_down_has_the_mean_and_variance_of_the_papers_formula():
    """At level 2 of β = 0.1, 0.3: ᾱ = 0.9 and 0.63, so β̃ = 0.1 / 0.37 · 0.3."""
    noised, clean, none = torch.tensor([0.5]), torch.tensor([-0.2]), torch.zeros(1)
    mean = math.sqrt(0.9) * 0.3 / 0.37 * -0.2 + math.sqrt(0.7) * 0.1 / 0.37 * 0.5
    assert float(THREE.below(noised, clean, none, 2)) == pytest.approx(mean)
    spread = THREE.below(noised, clean, torch.ones(1), 2) - THREE.below(noised, clean, none, 2)
    assert float(spread) == pytest.approx(math.sqrt(0.1 / 0.37 * 0.3))
    assert torch.equal(THREE.below(noised, clean, torch.ones(1), 1), clean)


def test_down_and_up_leave_what_a_level_is():
    """Of a known picture every way to a level has the same distribution: mean √ᾱ · picture, variance 1 − ᾱ."""
    draw = torch.Generator().manual_seed(1)
    picture = torch.full((200_000,), 0.6)

    def noise():
        return torch.randn(picture.shape, generator=draw)

    down = THREE.below(THREE.noised(picture, noise(), 3), picture, noise(), 3)
    up = THREE.above(THREE.noised(picture, noise(), 1), noise(), 1)
    for made in (THREE.noised(picture, noise(), 2), down, up):
        assert float(made.mean()) == pytest.approx(math.sqrt(0.63) * 0.6, abs=0.01)
        assert float(made.var()) == pytest.approx(0.37, rel=0.02)
