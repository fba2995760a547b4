"""Distances between two sets of features: the formulas, without images, networks or files.

Everything is float64, without random numbers, and needs no full-rank covariance.
"""

from typing import Any

import numpy as np

from lacuna.errors import LacunaError


def frechet_distance(features: np.ndarray, reference: np.ndarray) -> float:
    """Fréchet distance of the Gaussians with the means and sample covariances of features N×D and M×D.

    Dowson and Landau (1982): |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½). With the centred features A and B the
    covariances are AᵀA/(N − 1) and BᵀB/(M − 1), and the eigenvalues of their product are the squared singular values
    of ABᵀ; so the trace of the root is a sum of singular values, real and not negative whatever the rank, where the
    usual matrix square root turns complex for fewer images than features. Needs at least two rows each.
    """
    a, b = (_centred(values) for values in (features, reference))
    shift = np.asarray(features, np.float64).mean(axis=0) - np.asarray(reference, np.float64).mean(axis=0)
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(max(0.0, shift @ shift + (a**2).sum() + (b**2).sum() - 2 * root))


def _centred(values: np.ndarray) -> np.ndarray:
    """A with AᵀA the sample covariance of N×D: of at most D rows, which is all that the covariance needs."""
    values = np.asarray(values, np.float64)
    centred = (values - values.mean(axis=0)) / np.sqrt(len(values) - 1)
    reduced: Any = np.linalg.qr(centred, mode="r") if len(centred) > centred.shape[1] else centred
    return reduced


def kernel_distance(features: np.ndarray, reference: np.ndarray, paired: bool) -> tuple[float, float]:
    """Unbiased squared maximum mean discrepancy with the kernel (x·y/D + 1)³, and its standard error.

    Bińkowski, Sutherland, Arbel and Gretton, "Demystifying MMD GANs" (2018); it can be slightly negative. Published
    code averages random subsets of 1000; the average over all subsets, which needs no random numbers, is taken here.
    `paired` means that row i of both belongs to one image: then pairs are left out of the mixed term (Gretton et al.,
    "A kernel two-sample test", 2012, lemma 6), for they are not independent draws and would lower the distance by
    O(1/N). The standard error is the jackknife's, leaving out one pair, or one row of either set, at a time; where
    both sets are of one distribution it is on the safe side, by up to √2.
    Needs three rows each.
    """
    n, m = len(features), len(reference)
    within = _row_sums(features, features, skip_diagonal=True)
    within_reference = _row_sums(reference, reference, skip_diagonal=True)
    mixed, mixed_reference = _row_sums(features, reference, paired), _row_sums(reference, features, paired)
    if paired:
        rows = within + within_reference - mixed - mixed_reference
        total = rows.sum()
        without = (total - 2 * rows) / ((n - 1) * (n - 2))
        return float(total / (n * (n - 1))), _jackknife(without)
    a, b, c = within.sum(), within_reference.sum(), mixed.sum()
    value = a / (n * (n - 1)) + b / (m * (m - 1)) - 2 * c / (n * m)
    without = (a - 2 * within) / ((n - 1) * (n - 2)) - 2 * (c - mixed) / ((n - 1) * m)
    without_reference = (b - 2 * within_reference) / ((m - 1) * (m - 2)) - 2 * (c - mixed_reference) / (n * (m - 1))
    return float(value), float(np.hypot(_jackknife(without), _jackknife(without_reference)))


_ROWS = 1024  # of the kernel's matrix, held at once


def _row_sums(x: np.ndarray, y: np.ndarray, skip_diagonal: bool) -> np.ndarray:
    """Sums over y of the kernel of every row of x."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    sums = np.empty(len(x))
    for start in range(0, len(x), _ROWS):
        kernel = (x[start : start + _ROWS] @ y.T / x.shape[1] + 1) ** 3
        sums[start : start + _ROWS] = kernel.sum(axis=1)
        if skip_diagonal:
            sums[start : start + _ROWS] -= kernel.diagonal(start)
    return sums


def gaussian_discrepancy(
    features: np.ndarray, reference: np.ndarray, deviation: float = 10.0, scale: float = 1000.0
) -> float:
    """Squared maximum mean discrepancy with the kernel exp(−|x − y|² / 2σ²) between rows of unit length, times `scale`.

    Jayasumana et al., "Rethinking FID: Towards a better evaluation metric for image generation" (2024). Means over all
    pairs, those of a row with itself included (the biased estimate), as its code has it. Rows of length 0 are a
    `LacunaError`.
    """
    x, y = (_of_unit_length(values) for values in (features, reference))

    def mean(a: np.ndarray, b: np.ndarray) -> float:
        total = 0.0
        for start in range(0, len(a), _ROWS):
            # |a − b|² = 2 − 2 a·b; what is left of the 1 of the exponential is summed, so that no digits are lost
            total += np.expm1((a[start : start + _ROWS] @ b.T - 1) / deviation**2).sum()
        return total / (len(a) * len(b))

    return float(max(0.0, scale * (mean(x, x) + mean(y, y) - 2 * mean(x, y))))


def _of_unit_length(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    if not lengths.all():
        raise LacunaError("an embedding is 0 for a picture, so that it has no direction; use another network")
    return values / lengths


def _jackknife(values: np.ndarray) -> float:
    n = len(values)
    return float(np.sqrt((n - 1) / n * ((values - values.mean()) ** 2).sum()))


FOLDS = 5


def folds_of(photographs: np.ndarray) -> np.ndarray:
    """The fold of each of N images, by the number of its photograph: no photograph is in two folds.

    Photographs go, the largest first, into the smallest of `FOLDS` folds. Fewer photographs make fewer folds; one alone
    cannot be held out, and its images are dealt out one by one.
    """
    sizes = np.bincount(photographs)
    if np.count_nonzero(sizes) < 2:
        return np.arange(len(photographs)) % FOLDS
    totals, fold_of = np.zeros(min(FOLDS, int(np.count_nonzero(sizes))), int), np.zeros(len(sizes), int)
    for photograph in np.argsort(-sizes, kind="stable"):
        fold_of[photograph] = totals.argmin()
        totals[fold_of[photograph]] += sizes[photograph]
    return fold_of[photographs]


def held_out_decisions(
    features: np.ndarray, reference: np.ndarray, photographs: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What a linear classifier says about pairs of rows that it has not seen: (of features, of reference), N each.

    Positive means "reference" (real). Row i of both is one pair; a pair is in one of the folds of `folds_of` (without
    `photographs` each is one of its own), and the classifier, a linear support vector machine on features brought to
    mean 0 and deviation 1 of the training pairs, is fitted on the other folds. Needs at least `FOLDS` pairs.
    """
    from sklearn.svm import LinearSVC

    fake, real = np.asarray(features, np.float64), np.asarray(reference, np.float64)
    folds = folds_of(np.arange(len(fake)) if photographs is None else np.asarray(photographs))
    of_fake, of_real = np.empty(len(fake)), np.empty(len(real))
    for fold in range(folds.max() + 1):
        held, kept = folds == fold, folds != fold
        seen = np.concatenate([fake[kept], real[kept]])
        mean, deviation = seen.mean(axis=0), seen.std(axis=0)
        deviation[deviation == 0] = 1
        labels = np.repeat([0, 1], kept.sum())
        machine = LinearSVC(C=1 / seen.shape[1], dual=False).fit((seen - mean) / deviation, labels)
        of_fake[held], of_real[held] = (
            machine.decision_function((values[held] - mean) / deviation) for values in (fake, real)
        )
    return of_fake, of_real
