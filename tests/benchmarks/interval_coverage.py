"""How often do the 95 % intervals hold the true mean? Simulated: `python -m tests.benchmarks.interval_coverage`.

Photographs' means are normal or skewed (exponential) with deviation 1; crops differ within a photograph by a quarter of
that. 4000 experiments each. Printed beside it: drawing crops as if each were a photograph of its own.
"""

import numpy as np

from lacuna.reporting.bootstrap import intervals

EXPERIMENTS = 4000


def coverage(samples: np.ndarray, truth: float, photographs=None) -> float:
    low, high = intervals(samples, "simulation", photographs=photographs)
    return float(((low <= truth) & (high >= truth)).mean())


def main() -> None:
    print("| photographs | crops of each | normal | skewed | normal, crops drawn one by one |")
    print("|---:|---:|---:|---:|---:|")
    for number in (4, 6, 10, 20, 50):
        for crops in (1, 8):
            random = np.random.default_rng([number, crops])
            of = np.repeat(np.arange(number), crops)
            noise = random.normal(0, 0.25, (len(of), EXPERIMENTS)) * (crops > 1)
            normal = random.normal(0, 1, (number, EXPERIMENTS))[of] + noise
            skewed = random.exponential(1, (number, EXPERIMENTS))[of] + noise
            found = coverage(normal, 0, of), coverage(skewed, 1, of), coverage(normal, 0)
            print(f"| {number} | {crops} | " + " | ".join(f"{value:.1%}" for value in found) + " |", flush=True)


if __name__ == "__main__":
    main()
