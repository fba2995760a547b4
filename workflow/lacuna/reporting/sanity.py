"""What in a run's numbers looks wrong before anybody compares systems by them."""

import pandas as pd

from lacuna.metrics.per_image import named
from lacuna.reporting.aggregation import SHARED
from lacuna.reporting.titles import titles

MEAN_FILL = "mean_fill"
DAMAGE = 6.0  # dB of PSNR between a composite and the raw prediction that it came from
LARGEST_COVERAGE = 0.6  # the largest hole of the benchmarks' masks; a mean above it is more likely an inverted set


def warnings(quantitative: pd.DataFrame, mask_cards: list[dict], settings: dict) -> list[str]:
    """One sentence for each suspicion, with what it was read on; an empty list when there is none.

    `quantitative` is `aggregation.quantitative`; `mask_cards` have `name`, `n` and `mean_coverage`.
    """
    return [*_below_mean_fill(quantitative, settings), *_damage(quantitative, settings), *_inverted(mask_cards)]


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


def _below_mean_fill(quantitative: pd.DataFrame, settings: dict) -> list[str]:
    table = _of(quantitative, "composite")
    filled = table[table["system"] == MEAN_FILL]
    means = _against(table[table["system"] != MEAN_FILL], filled, ["test_set", "metric"])
    found = []
    for (system, source), rows in means.groupby(["system", "source"]):
        metrics = {metric: row for (_, _, metric), row in rows.iterrows()}
        worse = [named(name) for name, row in metrics.items() if named(name).is_better(row["mean_other"], row["mean"])]
        if worse:
            numbers = (f"{m.title} {metrics[m.name]['mean']:.{m.decimals}f}" for m in worse)
            limits = (f"{metrics[m.name]['mean_other']:.{m.decimals}f}" for m in worse)
            texts = ", ".join(f"{number} against {limit}" for number, limit in zip(numbers, limits, strict=True))
            found.append(
                f"{_name(system, source, settings)} is worse than filling the hole with the mean colour: {texts} "
                f"(composite, whole image, N = {rows['n'].iloc[0]:.0f})."
            )
    return found


def _damage(quantitative: pd.DataFrame, settings: dict) -> list[str]:
    psnr = quantitative[quantitative["metric"] == "psnr"]
    keys = ["system", "source", "test_set", "metric"]
    found = []
    for (system, source, _), row in _against(_of(psnr, "raw"), _of(psnr, "composite"), keys).iterrows():
        if row["mean_other"] - row["mean"] > DAMAGE:
            found.append(
                f"{_name(system, source, settings)} damages what lies outside the hole: its raw predictions have a "
                f"PSNR of {row['mean']:.1f} dB, its composites {row['mean_other']:.1f} dB (whole image, "
                f"N = {row['n']:.0f})."
            )
    return found


def _inverted(mask_cards: list[dict]) -> list[str]:
    return [
        f"The mask set {card['name']} looks inverted: on average {card['mean_coverage']:.0%} of an image is hole "
        f"(N = {card['n']} masks)."
        for card in mask_cards
        if card["mean_coverage"] > LARGEST_COVERAGE
    ]
