"""Distances of sets against other implementations, arithmetic by hand, and what they must read in known cases."""

import numpy as np
import pytest
import scipy.linalg
import torch

from lacuna.metrics.distances import folds_of, frechet_distance, held_out_decisions, kernel_distance
from lacuna.metrics.per_set import SET_METRICS
from lacuna.metrics.per_set.p_ids import p_ids
from lacuna.metrics.per_set.u_ids import u_ids


def sets(n: int, m: int, dimension: int, seed: int = 0, shift: float = 0.0):
    """Two independent draws, N×D and M×D, of one correlated distribution; the first moved by `shift`."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(dimension, dimension)) / np.sqrt(dimension)
    draws = [np.abs(random.normal(size=(number, dimension)) @ mixing) for number in (n, m)]
    return draws[0] + shift, draws[1]


def by_square_root(a, b):
    """The usual formula with a matrix square root."""
    covariances = [np.cov(values, rowvar=False) for values in (a, b)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(covariances[0] + covariances[1] - 2 * root.real)


@pytest.mark.parametrize(("n", "m"), [(200, 151), (41, 300)])
def test_frechet_is_the_square_roots_at_full_rank(n, m):
    a, b = sets(n, m, 24, shift=0.2)
    assert frechet_distance(a, b) == pytest.approx(by_square_root(a, b), rel=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-12)


def test_frechet_of_few_images_is_torchmetrics():
    from torchmetrics.image.fid import FrechetInceptionDistance

    a, b = sets(15, 17, 64, shift=0.3)  # fewer images than features
    theirs = FrechetInceptionDistance(feature=Passing(64), normalize=True).set_dtype(torch.float64)
    theirs.update(torch.from_numpy(b), real=True)
    theirs.update(torch.from_numpy(a), real=False)
    assert frechet_distance(a, b) == pytest.approx(theirs.compute().item(), rel=1e-4)


class Passing(torch.nn.Module):
    """Images that are their own features."""

    def __init__(self, num_features: int):
        super().__init__()
        self.num_features = num_features

    def forward(self, images):
        return images


@pytest.mark.parametrize("n", [9, 60])
def test_frechet_of_a_set_with_itself_is_zero_and_of_a_moved_set_the_square_of_the_way(n):
    a, _ = sets(n, 3, 20)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(a, a + 0.5) == pytest.approx(20 * 0.25)
    assert frechet_distance(a, 3 * a - 2 * a.mean(0)) == pytest.approx(4 * a.var(axis=0, ddof=1).sum())


def by_loops(a, b, paired):
    def kernel(x, y):
        return (x @ y / len(x) + 1) ** 3

    def mean(x, y, skip):
        values = [kernel(p, q) for i, p in enumerate(x) for j, q in enumerate(y) if not (skip and i == j)]
        return sum(values) / len(values)

    return mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, paired)


def test_kernel_distance_is_the_definition():
    a, b = sets(9, 7, 5, shift=0.4)
    assert kernel_distance(a, b, paired=False)[0] == pytest.approx(by_loops(a, b, False), rel=1e-9)
    assert kernel_distance(a[:7], b, paired=True)[0] == pytest.approx(by_loops(a[:7], b, True), rel=1e-9)


def test_kernel_distance_is_torchmetrics():
    from torchmetrics.image.kid import KernelInceptionDistance

    a, b = sets(30, 30, 16, shift=0.2)
    theirs = KernelInceptionDistance(feature=Passing(16), subsets=1, subset_size=30, normalize=True)
    theirs = theirs.set_dtype(torch.float64)
    theirs.update(torch.from_numpy(b), real=True)
    theirs.update(torch.from_numpy(a), real=False)
    assert kernel_distance(a, b, paired=False)[0] == pytest.approx(theirs.compute()[0].item(), rel=1e-9)


def test_kernel_distance_goes_block_by_block(monkeypatch):
    from lacuna.metrics import distances

    a, b = sets(23, 23, 6, shift=0.1)
    expected = [kernel_distance(a, b, paired) for paired in (True, False)]
    monkeypatch.setattr(distances, "_ROWS", 5)
    assert [kernel_distance(a, b, paired) for paired in (True, False)] == [pytest.approx(e) for e in expected]


def leaving_out(a, b, which, paired) -> float:
    """Jackknife variance of leaving out a row of the sets in `which`."""
    values = [
        kernel_distance(*(np.delete(s, i, 0) if k in which else s for k, s in enumerate((a, b))), paired)[0]
        for i in range(len(a))
    ]
    return (len(a) - 1) / len(a) * ((values - np.mean(values)) ** 2).sum()


def test_the_standard_error_is_of_leaving_out_one_image_at_a_time():
    a, b = sets(17, 17, 8, shift=0.1)
    assert kernel_distance(a, b, True)[1] == pytest.approx(np.sqrt(leaving_out(a, b, (0, 1), True)), rel=1e-9)
    both = leaving_out(a, b, (0,), False) + leaving_out(a, b, (1,), False)
    assert kernel_distance(a, b, False)[1] == pytest.approx(np.sqrt(both), rel=1e-9)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(("shift", "least", "most"), [(0.0, 1.1, 1.8), (0.6, 0.8, 1.25)])
def test_the_standard_error_is_how_much_values_vary(paired, shift, least, most):
    """Over new images of one distribution; where both sets are alike it is known to be too large by up to √2."""
    a, b = sets(160 * 40, 160 * 40, 8, seed=5, shift=shift)
    draws = zip(np.split(a, 160), np.split(b, 160), strict=True)
    values, errors = np.array([kernel_distance(*draw, paired) for draw in draws]).T
    assert least < np.sqrt((errors**2).mean()) / values.std() < most
    if not shift:
        assert abs(values.mean()) < 3 * values.std() / np.sqrt(160)  # unbiased


def test_pairs_that_resemble_each_other_do_not_lower_the_distance():
    """A perfect system's predictions resemble their own truth more than another's: unbiased only in the paired form."""
    values = {True: [], False: []}
    for seed in range(60):
        truth, _ = sets(25, 3, 8, seed)
        noise = np.random.default_rng(seed + 500).normal(size=truth.shape) * 0.01
        for paired, found in values.items():
            found.append(kernel_distance(truth + noise, truth, paired)[0])
    assert abs(np.mean(values[True])) < 1e-3 < -np.mean(values[False])
    truth, _ = sets(25, 3, 8)
    assert kernel_distance(truth, truth, paired=True) == (0, 0)


def in_sample(features, reference):
    """U-IDS as published: judged on what the machine was fitted on."""
    from sklearn.svm import LinearSVC

    machine = LinearSVC(dual=False).fit(
        np.concatenate([features, reference]), np.repeat([0, 1], [len(features), len(reference)])
    )
    return ((machine.decision_function(features) > 0).mean() + (machine.decision_function(reference) < 0).mean()) / 2


def test_equal_distributions_read_a_half_where_the_published_form_reads_nothing():
    found = []
    for seed in range(6):
        a, b = sets(100, 100, 400, seed)
        assert in_sample(a, b) == 0
        found.append([u_ids(a, b)[0], p_ids(a, b)[0]])
    assert np.mean(found, axis=0) == pytest.approx([0.5, 0.5], abs=0.06)


def test_different_distributions_read_less_and_better_systems_more():
    truth = sets(120, 120, 40, seed=1)[1]
    scores = []
    for shift in (0.05, 0.3, 2.0):
        moved = sets(120, 120, 40, seed=1, shift=shift)[0]
        scores.append((u_ids(moved, truth)[0], p_ids(moved, truth)[0]))
    assert scores[0] > scores[1] > scores[2]
    assert scores[2] == (0, 0)


def test_identical_pairs_are_undecided():
    truth, _ = sets(31, 3, 12)
    assert u_ids(truth, truth.copy()) == (0.5, 0.0)
    assert p_ids(truth, truth.copy()) == (0.5, 0.0)


def test_a_pair_is_never_judged_by_a_machine_that_saw_it():
    """One pair far outside its fold: a machine that had seen it would know."""
    a, b = sets(40, 40, 60, seed=3)
    decisions = held_out_decisions(a, b)
    for pair in (0, 7):
        changed = a.copy()
        changed[pair] += 5
        others = np.arange(40) % 5 == pair % 5
        others[pair] = False
        again = held_out_decisions(changed, b)
        assert np.array_equal(again[0][others], decisions[0][others])
        assert again[1][pair] == decisions[1][pair]


def test_no_photograph_is_in_two_folds_and_folds_are_even():
    photographs = np.repeat(np.arange(9), [1, 7, 2, 2, 6, 1, 5, 4, 2])[np.random.default_rng(1).permutation(30)]
    folds = folds_of(photographs)
    assert all(len(set(folds[photographs == each])) == 1 for each in range(9))
    assert sorted(np.bincount(folds)) == [5, 6, 6, 6, 7]
    assert folds_of(np.arange(12)).tolist() == [i % 5 for i in range(12)]
    assert set(folds_of(np.array([0, 1, 1, 0]))) == {0, 1}
    assert folds_of(np.zeros(7, int)).tolist() == [0, 1, 2, 3, 4, 0, 1]


def test_crops_of_one_photograph_do_not_betray_each_other():
    """Predictions and truths of one distribution, whose crops resemble their photograph's others: undecided."""
    random = np.random.default_rng(7)
    photographs = np.repeat(np.arange(24), 5)[random.permutation(120)]
    sides = [random.normal(size=(24, 60))[photographs] + 0.05 * random.normal(size=(120, 60)) for _ in range(2)]
    assert u_ids(*sides, photographs)[0] == pytest.approx(0.5, abs=0.15)
    assert u_ids(*sides)[0] < 0.05  # the machine knows the other crops
    assert u_ids(*sides, photographs)[1] > 2 * u_ids(*sides, None)[1]
    assert np.isnan(u_ids(*sides, np.zeros(120, int))[1])


@pytest.mark.parametrize("name", SET_METRICS)
def test_every_set_metric_states_its_facts(name):
    facts = SET_METRICS[name]
    assert facts.name == name and facts.title and facts.space and facts.note.endswith(".")
    assert facts.direction in ("higher", "lower") and facts.range[0] < facts.range[1]
    assert facts.arrow in "↑↓"


def test_only_fid_is_flagged_for_few_images():
    assert {name: facts.flag(2047) for name, facts in SET_METRICS.items() if facts.flag(2047)} == {"fid": "small-n"}
    assert SET_METRICS["fid"].flag(2048) == ""


def test_facts_need_no_numpy():
    import subprocess
    import sys

    code = "import sys, lacuna.metrics.per_set; assert not {'numpy', 'torch', 'scipy', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
