"""Intervals by simulation and by a loop: photographs, their crops, few of them and many."""

import numpy as np
import pytest
from scipy import stats

from lacuna.reporting import bootstrap
from lacuna.reporting.bootstrap import effective_number, intervals, outer_share


def covered(samples, truth, **options) -> float:
    """In what part of the experiments (columns) the interval holds the true mean."""
    low, high = intervals(samples, "coverage", **options)
    return ((low <= truth) & (high >= truth)).mean()


def test_intervals_cover_the_mean_as_often_as_they_say():
    samples = np.random.default_rng(3).normal(7, 2, (50, 2000))
    assert 0.925 <= covered(samples, 7) <= 0.975
    assert 0.755 <= covered(samples, 7, level=0.8) <= 0.825


@pytest.mark.parametrize("number", [6, 10, 20])
def test_intervals_of_few_photographs_are_wide_enough(number):
    random = np.random.default_rng(number)
    assert 0.915 <= covered(random.normal(7, 2, (number, 2000)), 7) <= 0.985
    skewed = random.exponential(1, (number, 2000))
    assert covered(skewed, 1) >= 0.87


@pytest.mark.parametrize("number", [2, 3, 4])
def test_intervals_of_very_few_photographs_are_students(number):
    samples = np.random.default_rng(number).normal(7, 2, (number, 2000))
    assert 0.93 <= covered(samples, 7) <= 0.97
    low, high = intervals(samples[:, :1], "x", resamples=200_000)
    expected = stats.t.interval(0.95, number - 1, samples[:, 0].mean(), stats.sem(samples[:, 0]))
    assert [low[0], high[0]] == pytest.approx(expected, rel=0.02)


def test_photographs_of_very_unequal_sizes():
    """The demonstration's test sets: 24 single images, two photographs of 12, four of 24."""
    random = np.random.default_rng(9)
    of = np.repeat(np.arange(30), [*[1] * 24, 12, 12, *[24] * 4])
    samples = 7 + random.normal(0, 2, (30, 2000))[of] + random.normal(0, 0.5, (len(of), 2000))
    assert 0.92 <= covered(samples, 7, photographs=of) <= 0.985
    assert effective_number(np.bincount(of)) == pytest.approx(144**2 / (24 + 2 * 144 + 4 * 576))


def test_crops_of_one_photograph_are_no_photographs():
    """30 photographs of 1 to 9 crops that differ little within: drawing crops one by one would be far off."""
    random = np.random.default_rng(5)
    sizes = 1 + np.arange(30) % 9
    of = np.repeat(np.arange(30), sizes)
    samples = 7 + random.normal(0, 2, (30, 2000))[of] + random.normal(0, 0.5, (len(of), 2000))
    assert 0.915 <= covered(samples, 7, photographs=of) <= 0.975
    assert covered(samples, 7) < 0.75


def test_intervals_are_those_of_a_loop(monkeypatch):
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 13)  # several blocks, the last one shorter
    values = np.arange(13.0)[:, None] ** 2
    photographs = list("bbacdadedefgh")  # first appearance: b, a, c, d, e, f, g, h
    groups = [np.flatnonzero(np.array(photographs) == name) for name in "bacdefgh"]
    random = np.random.default_rng(bootstrap.seed_of("bootstrap", "x", 8))
    means = []
    for _ in range(500):
        means.append(np.concatenate([values[groups[drawn], 0] for drawn in random.integers(8, size=8)]).mean())
    low, high = intervals(values, "x", photographs=photographs, resamples=500)
    effective = 13**2 / (4 + 4 + 1 + 9 + 4 + 3)
    share = stats.norm.sf(stats.t.ppf(0.975, effective - 1) * (effective / (effective - 1)) ** 0.5)
    assert [low[0], high[0]] == pytest.approx(np.quantile(means, [share, 1 - share]), rel=1e-12)


def test_the_outer_share_of_many_is_the_levels_own():
    assert outer_share(10_000) == pytest.approx(0.025, rel=2e-3)
    assert outer_share(10_000, 0.8) == pytest.approx(0.1, rel=2e-3)
    assert outer_share(6) < 0.005


def test_intervals_depend_on_names_and_not_on_company():
    values = np.random.default_rng(1).random((20, 3))
    values[3, 1] = np.nan
    for photographs in (None, [*"aabbccddee", *"fghijklmno"]):
        together = intervals(values, "place2", photographs=photographs)
        alone = [intervals(values[:, [k]], "place2", photographs=photographs) for k in range(3)]
        assert together[0] == pytest.approx([low[0] for low, _ in alone], abs=1e-14)
        assert together[1] == pytest.approx([high[0] for _, high in alone], abs=1e-14)
        assert intervals(values, "celeba", photographs=photographs)[0][0] != together[0][0]


def test_no_end_lies_beyond_what_values_can_be():
    values = np.array([[0.9, 0.1], [0.2, 0.9], [1.0, 0.3]])
    free = np.array(intervals(values, "x"))
    assert (free < 0).any() and (free > 1).any()
    assert np.array(intervals(values, "x", within=(0, 1))) == pytest.approx(free.clip(0, 1))
    one_each = np.array(intervals(values, "x", within=[(0, 1), (-9, 9)]))
    assert one_each == pytest.approx(np.column_stack([free[:, 0].clip(0, 1), free[:, 1]]))


def test_one_photograph_has_no_interval_and_nothing_is_an_error():
    low, high = intervals(np.array([[1.0, 2], [3, 5], [8, np.nan]]), "x", photographs=["a", "a", "b"])
    assert np.isfinite([low[0], high[0]]).all() and np.isnan([low[1], high[1]]).all()
    with pytest.raises(ValueError, match="no value"):
        intervals(np.full((4, 1), np.nan), "x")
