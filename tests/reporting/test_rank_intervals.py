"""Intervals of mean ranks over photographs and trainings: by simulation, and where nothing is unsure."""

import numpy as np
import pytest
from scipy import stats

from lacuna.reporting.bootstrap import intervals
from lacuna.reporting.rank_intervals import of_mean_ranks, widening


def made(random, repeats, seeds, photographs=20, systems=3):
    """Equal systems: scores P×R of each by place. What systems share, how hard a photograph is, is large."""
    hard = random.normal(0, 3, (photographs, 1))
    return {
        place: hard + random.normal(0, seeds, repeats) + random.normal(0, 0.5, (photographs, repeats))
        for place in range(systems)
    }


@pytest.mark.slow
@pytest.mark.parametrize("repeats, seeds", [(2, 1.0), (3, 0.2), (5, 0.5)])
def test_intervals_hold_the_rank_of_equal_systems(repeats, seeds):
    random, held, alone = np.random.default_rng(repeats), [], []
    for _ in range(100):
        trained = made(random, repeats, seeds)
        means = np.stack([each.mean(axis=1) for each in trained.values()], axis=1)
        low, high = of_mean_ranks(means, trained, True, "x")
        held += [*((low <= 2) & (high >= 2))]
        low, high = intervals(stats.rankdata(means, axis=1), "x")
        alone += [*((low <= 2) & (high >= 2))]
    assert np.mean(held) > 0.93 > 0.85 > np.mean(alone), "photographs alone forget the trainings"


def test_systems_far_apart_have_their_ranks_whatever_is_drawn():
    trained = {place: each + 100 * place for place, each in made(np.random.default_rng(1), 3, 0.1).items()}
    means = np.stack([each.mean(axis=1) for each in trained.values()], axis=1)
    for ascending, ranks in ((True, [1, 2, 3]), (False, [3, 2, 1])):
        low, high = of_mean_ranks(means, trained, ascending, "x")
        assert low.tolist() == high.tolist() == ranks


def test_only_those_that_trainings_may_turn_are_unsure():
    """The first two change places with their trainings; the third, trained once, is far behind."""
    random = np.random.default_rng(2)
    trained = made(random, 2, 0.0, systems=2)
    trained[0] = trained[0] + [5.0, -5.0]
    means = np.stack([trained[0].mean(axis=1), trained[1].mean(axis=1), trained[0].mean(axis=1) + 500], axis=1)
    low, high = of_mean_ranks(means, trained, True, "x")
    assert low.tolist() == pytest.approx([1, 1, 3], abs=0.2) and high.tolist() == pytest.approx([2, 2, 3], abs=0.2)
    assert np.isnan(of_mean_ranks(means[:1], {0: trained[0][:1]}, True, "x")).all()


def test_the_draws_depend_on_names_and_not_on_blocks(monkeypatch):
    from lacuna.reporting import rank_intervals

    trained = made(np.random.default_rng(3), 2, 0.5)
    means = np.stack([each.mean(axis=1) for each in trained.values()], axis=1)
    whole = of_mean_ranks(means, trained, True, "x")
    monkeypatch.setattr(rank_intervals, "_AT_ONCE", 60 * 7)  # blocks of seven, the last one shorter
    assert np.array(of_mean_ranks(means, trained, True, "x")) == pytest.approx(np.array(whole))
    assert widening(1) == pytest.approx(12.706 / 1.95996, rel=1e-4) and widening(1e9) == pytest.approx(1, rel=1e-6)
