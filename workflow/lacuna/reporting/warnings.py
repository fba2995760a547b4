"""What in a run's numbers looks wrong before anybody compares systems by them."""

import pandas as pd

from lacuna.controls import GROUND_TRUTH, MASKED_INPUT, MEAN_FILL
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.titles import REGIONS, titles
from lacuna.sources import SHARED

BEATEN = {  # control → what being worse than it means
    MEAN_FILL: "filling the hole with the mean colour",
    MASKED_INPUT: "handing back the masked input, the hole black",
}
DAMAGE = 20.0  # dB of PSNR outside the hole, below which anybody sees that the picture was changed there
LARGEST_COVERAGE = 0.6  # the largest hole of the benchmarks' masks; a mean above it is more likely an inverted set


def warnings(
    quantitative: pd.DataFrame, controls: pd.DataFrame, outside: pd.DataFrame, mask_cards: list[dict], settings: dict
) -> list[str]:
    """One sentence for each suspicion, with what it was read on; an empty list when there is none.

    `quantitative` is `aggregation.quantitative` of the systems, `controls` the same of the controls (it may be
    empty), `outside` is `valid_region.outside`; `mask_cards` have `name`, `n` and `mean_coverage`.
    """
    return [
        *_imperfect(controls, settings),
        *_inverted(mask_cards),
        *_below(quantitative, controls, settings),
        *_damage(outside, settings),
    ]


def _name(system: str, source: str, settings: dict) -> str:
    trained = "" if source in SHARED else f" trained on {titles(settings['sources']).get(source, source)}"
    return titles(settings["systems"]).get(system, system) + trained


def _of(quantitative: pd.DataFrame, prediction: str) -> pd.DataFrame:
    return quantitative[(quantitative["prediction"] == prediction) & (quantitative["region"] == "image")]


def _against(table: pd.DataFrame, other: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Means of both over the test sets that both have, weighted by N: index system, source, metric."""
    both = table.merge(other[[*keys, "mean"]], on=keys, suffixes=("", "_other"))
    both = both.assign(mean=both["mean"] * both["n"], mean_other=both["mean_other"] * both["n"])
    sums = both.groupby(["system", "source", "metric"])[["mean", "mean_other", "n"]].sum()
    return sums.assign(mean=sums["mean"] / sums["n"], mean_other=sums["mean_other"] / sums["n"])


def _imperfect(controls: pd.DataFrame, settings: dict) -> list[str]:
    """The ground truth against itself must read the best value that each metric has."""
    found = []
    others = {name for name, entry in settings.get("image_sets", {}).items() if entry.get("truth")}
    for row in controls[controls["system"] == GROUND_TRUTH].itertuples():
        if row.test_set in others and row.prediction == "composite":
            continue  # what is known there is another photograph than the truth
        metric = metric_by_name(row.metric)
        if metric.reference_free:
            continue
        number = f".{metric.decimals}f"
        low, high = metric.range
        perfect = high if metric.direction == "higher" else low
        if f"{row.mean:{number}}" != f"{perfect:{number}}":
            found.append(
                f"The ground truth does not score perfectly on {titles(settings['test_sets'])[row.test_set]}: "
                f"{metric.title} {row.mean:{number}} instead of {perfect:{number}} ({row.prediction}, "
                f"{REGIONS[row.region]}, N = {row.n}), so images and masks are mispaired or a metric is broken."
            )
    return found


def _below(quantitative: pd.DataFrame, controls: pd.DataFrame, settings: dict) -> list[str]:
    table, limits = _of(quantitative, "composite"), _of(controls, "composite")
    found = []
    for control, what in BEATEN.items():
        means = _against(table, limits[limits["system"] == control], ["test_set", "metric"])
        for (system, source), rows in means.groupby(["system", "source"]):
            texts, numbers = [], set()
            for (_, _, name), row in rows.iterrows():
                metric = metric_by_name(name)
                if metric.is_better(row["mean_other"], row["mean"]):
                    number = f".{metric.decimals}f"
                    texts.append(f"{metric.title} {row['mean']:{number}} against {row['mean_other']:{number}}")
                    numbers.add(f"{row['n']:.0f}")
            if texts:
                found.append(
                    f"{_name(system, source, settings)} is worse than {what}: {', '.join(texts)} "
                    f"(composite, whole image, N = {', '.join(sorted(numbers))})."
                )
    return found


def _damage(outside: pd.DataFrame, settings: dict) -> list[str]:
    return [
        f"{_name(row.system, row.source, settings)} damages what lies outside the hole: there its raw predictions have "
        f"a PSNR of {row.psnr:.1f} dB (N = {row.n})."
        for row in outside.itertuples()
        if row.psnr < DAMAGE
    ]


def _inverted(mask_cards: list[dict]) -> list[str]:
    return [
        f"The mask set {card['name']} looks inverted: on average {card['mean_coverage']:.0%} of an image is hole "
        f"(N = {card['n']} masks)."
        for card in mask_cards
        if card["mean_coverage"] > LARGEST_COVERAGE
    ]
