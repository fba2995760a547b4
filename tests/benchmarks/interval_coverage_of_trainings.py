"""Do intervals over photographs and trainings hold the true mean?

Simulated: `python -m tests.benchmarks.interval_coverage_of_trainings`.

Photographs differ with deviation 1, their four crops within them by a quarter of that; trainings by so much that they
are the named share of the variance of one system's mean; what trainings and photographs do together has half the
deviation of photographs. 4000 experiments each. Of the difference of two systems: the photographs' part is what
the systems do not share. Printed last: what drawing photographs alone would have promised of the difference.
"""

import numpy as np

from lacuna.reporting.bootstrap import intervals

EXPERIMENTS = 4000
CROPS = 4
SHARES = (0, 0.2, 0.5, 0.8)


def scores_of(photographs: int, repeats: int, share: float, number: int, random: np.random.Generator) -> np.ndarray:
    """Scores of one system whose true mean is 0: number×N×R, N = photographs·`CROPS`."""
    of_photograph = random.normal(0, 1, (number, photographs, 1, 1))
    crops = random.normal(0, 0.25, (number, photographs, CROPS, 1))
    trainings = random.normal(0, (share / (1 - share) * repeats / photographs) ** 0.5, (number, 1, 1, repeats))
    together = random.normal(0, 0.5, (number, photographs, 1, repeats))
    return (of_photograph + crops + trainings + together).reshape(number, -1, repeats)


def coverages(
    photographs: int, repeats: int, share: float, number: int, random: np.random.Generator
) -> tuple[float, float, float]:
    """In what part of the experiments the interval holds: the mean, a difference, a difference by photographs alone."""
    first, second = (scores_of(photographs, repeats, share, number, random) for _ in range(2))
    of = np.repeat(np.arange(photographs), CROPS)
    difference = (first.mean(axis=2) - second.mean(axis=2)).T
    found = [
        intervals(first.mean(axis=2).T, "mean", photographs=of, trainings=[[each] for each in first]),
        intervals(difference, "pair", photographs=of, trainings=[[a, -b] for a, b in zip(first, second, strict=True)]),
        intervals(difference, "pair", photographs=of),
    ]
    mean, pair, alone = (float(((low <= 0) & (high >= 0)).mean()) for low, high in found)
    return mean, pair, alone


def main() -> None:
    print("| trainings | photographs | share of trainings | mean | difference | difference, photographs alone |")
    print("|---:|---:|---:|---:|---:|---:|")
    for repeats in (2, 3, 5):
        for photographs in (6, 20, 40):
            for share in SHARES:
                random = np.random.default_rng([repeats, photographs, int(10 * share)])
                found = coverages(photographs, repeats, share, EXPERIMENTS, random)
                texts = " | ".join(f"{value:.1%}" for value in found)
                print(f"| {repeats} | {photographs} | {share:.0%} | {texts} |", flush=True)


if __name__ == "__main__":
    main()
