"""Intervals over photographs and trainings: by simulation, by hand, and as before where there is one training."""

import numpy as np
import pytest
from scipy import stats

from lacuna.reporting import trainings
from lacuna.reporting.bootstrap import intervals
from tests.benchmarks.interval_coverage_of_trainings import coverages


@pytest.mark.slow
@pytest.mark.parametrize(
    "repeats, photographs, share, least", [(2, 20, 0.8, 0.88), (2, 6, 0.2, 0.94), (3, 20, 0.5, 0.935)]
)
def test_intervals_cover_the_mean_and_the_difference(repeats, photographs, share, least):
    mean, pair, alone = coverages(photographs, repeats, share, 1500, np.random.default_rng(repeats))
    assert least <= mean <= 0.98 and max(least, 0.93) <= pair <= 0.98
    assert alone < pair - 0.01, "drawing photographs alone forgets the trainings"


def test_one_training_changes_no_bit():
    random = np.random.default_rng(3)
    scores, of = random.normal(20, 2, (24, 3)), np.arange(24) % 7
    scores[4, 1] = np.nan
    before = np.array(intervals(scores, "x", photographs=of))
    one = [[scores[:, [column]]] for column in range(3)]
    assert (np.array(intervals(scores, "x", photographs=of, trainings=one)) == before).all()
    equal = np.repeat(scores[:, :, None], 2, axis=2)  # two trainings with the same scores: nothing but photographs
    again = np.array(intervals(scores, "x", photographs=of, trainings=[[equal[:, k]] for k in range(3)]))
    assert again == pytest.approx(before, rel=0.01)


def test_two_trainings_that_differ_much_are_worth_one_degree_of_freedom():
    """Photographs differ so little that the interval is Student's of two numbers: the means of the two trainings."""
    scores = np.array([10.0, 14.0]) + np.random.default_rng(5).normal(0, 1e-4, (30, 1))
    low, high = intervals(scores.mean(axis=1, keepdims=True), "x", trainings=[[scores]])
    assert [low[0], high[0]] == pytest.approx(stats.t.interval(0.95, 1, 12, stats.sem([10, 14])), rel=1e-4)


def test_the_interval_of_a_difference_holds_the_trainings_of_both():
    """Standard errors by hand: 4/√2·(1/√2) = 2 of the first, 1 of the second; Satterthwaite's 25/17 of one each."""
    noise = np.random.default_rng(6).normal(0, 1e-4, (30, 1))
    first, second = noise + [10.0, 14.0], -noise + [5.0, 7.0]
    difference = (first.mean(axis=1) - second.mean(axis=1))[:, None]
    low, high = intervals(difference, "x", trainings=[[first, -second]])
    reach = stats.t.ppf(0.975, 25 / 17) * 5**0.5
    assert [low[0], high[0]] == pytest.approx([6 - reach, 6 + reach], rel=1e-4)
    alone = np.array(intervals(difference, "x"))
    assert np.ptp(alone) < 1e-3


def test_an_effect_is_of_the_images_that_a_training_has():
    scores = np.array([[1.0, 3.0, 5.0], [11.0, 13.0, np.nan], [21.0, 23.0, 25.0]])
    assert trainings.effect(scores[[0, 2]]) == pytest.approx([-2, 0, 2])
    assert trainings.effect(scores).sum() == pytest.approx(0)
    assert trainings.effect(scores[:, :1]).tolist() == [0]
    assert trainings.effect(np.full((3, 2), np.nan)).tolist() == [0]


def test_what_is_drawn_has_the_variance_that_it_stands_for():
    effects = np.array([-1.0, 0.25, 0.75])
    drawn = trainings.deviations(effects, 200_000, "x")
    assert drawn.var() == pytest.approx(effects.var(ddof=1) / 3, rel=0.02)
    assert trainings.variance(effects) == pytest.approx(effects.var(ddof=1) / 3)
    assert (drawn[:9] == trainings.deviations(effects, 9, "x")).all()
    assert trainings.degrees_of_freedom([2, 2], [3, 3]) == 6
    assert trainings.degrees_of_freedom([2, 0], [4, 1]) == 4
    assert trainings.degrees_of_freedom([0, 0], [4, 1]) == 4
