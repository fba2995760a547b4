"""Which experiments stand together in a figure, as in the thesis, and which one pictures and histograms are of.

No pandas here: what a run draws is asked at every start of Snakemake.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lacuna.adaptation.experiments import chosen
from lacuna.metrics.facts import Metric, SetMetric
from lacuna.reporting.titles import titles, titles_of_sets

BASELINE = "baseline"
OPTIMAL = "combination_I"  # what the thesis settled on
OTHERS = "other_experiments"


@dataclass(frozen=True)
class Group:
    """Experiments of one figure. number: that of the thesis' figure, empty for one that it does not have."""

    title: str
    number: str
    experiments: tuple[str, ...]


def _combinations(letters: str) -> tuple[str, ...]:
    return tuple(f"combination_{letter}" for letter in letters)


GROUPS = {
    "finetuning_masks": Group("Finetuning masks", "4.2", ("masks_augmented", "masks_full_image", "masks_larger")),
    "appearance": Group(
        "Augmentations of appearance", "4.4", ("crop", "brightness", "gaussian_blur", "gaussian_noise")
    ),
    "location": Group(
        "Augmentations of location", "4.6", ("flip_lr", "translation", "rotation_90", "rotation_30", "shear")
    ),
    "fills": Group(
        "What fills the hole in training",
        "4.8",
        ("fill_black", "fill_random_image", "fill_coarse", "fill_grey", "fill_similar_image"),
    ),
    "learning": Group(
        "What learns, and how fast",
        "4.9",
        ("lr_low", "lr_high", "generator_only", "freeze_early", "background_loss", "generator_without_discriminator"),
    ),
    "first_combinations": Group("First set of combinations", "4.10", _combinations("ABC")),
    "second_combinations": Group("Second set of combinations", "4.11", _combinations("DEFG")),
    "third_combinations": Group("Third set of combinations", "4.12", _combinations("HIJ")),
}
ZERO_SHOT = ("zero_shot", "zero_shot_small", "zero_shot_fast", "deep_image_prior")


def groups_of(experiments: Iterable[str]) -> dict[str, Group]:
    """The groups that a run draws, each with the baseline, if it was run, and those of its experiments that were."""
    experiments = list(experiments)
    first = tuple(name for name in (BASELINE,) if name in experiments)
    placed = {BASELINE, *ZERO_SHOT, *(name for group in GROUPS.values() for name in group.experiments)}
    rest = tuple(name for name in experiments if name not in placed)
    groups = {**GROUPS, OTHERS: Group("Further experiments", "", rest)}
    found = {}
    for name, group in groups.items():
        here = tuple(each for each in group.experiments if each in experiments)
        if here:
            found[name] = Group(group.title, group.number, first + here)
    if not found and first:
        found[OTHERS] = Group("Baseline", "", first)
    return found


def title_of(experiment: str) -> str:
    """`combination_I` → `combination I`."""
    return experiment.replace("_", " ")


def in_order(found: Iterable[str], settings: dict) -> list[str]:
    """Experiments in the order of the config."""
    found, named = set(found), list(settings["adaptation"]["experiments"])
    return [name for name in named if name in found] + sorted(found - set(named))


def comparable(settings: dict) -> set[str]:
    """The experiments that start from the network as it was trained.

    Improvements of others, which start from random weights or fit a network of their own, are over something else.
    """
    asked = settings["adaptation"]
    found = chosen(asked["experiments"], asked.get("changes"), asked.get("common"))
    return {name for name, each in found.items() if each.init == "pretrained" and each.method == "adapt"}


def settled(table, settings: dict, metric: Metric | SetMetric) -> dict[tuple[str, str], tuple[str, str]]:
    """(system, source) → the experiment that pictures, histograms and domains are of, and how it was chosen.

    With `choose_on` it is the best there by the mean of the first metric in the hole after the last step, so that it
    was chosen on other pictures than it is reported on; else the thesis' choice, if it was run; else the config's
    first that is not the baseline.
    """
    chosen_on, found = settings["adaptation"].get("choose_on"), {}
    for key, mine in table.groupby(["system", "source"]):
        there = mine[(mine["test_set"] == chosen_on) & (mine["metric"] == metric.name) & (mine["region"] == "hole")]
        if len(there):
            last = there.sort_values("step").groupby("experiment").tail(1).sort_values("experiment")
            best = last["mean"].idxmax() if metric.direction == "higher" else last["mean"].idxmin()
            pictures = titles_of_sets(settings).get(chosen_on, chosen_on)
            how = f"the best on other pictures ({pictures}) by {metric.title} in the hole"
            found[key] = (last.loc[best, "experiment"], how)
            continue
        run = in_order(mine["experiment"], settings)
        others = [name for name in run if name != BASELINE] or run
        found[key] = (OPTIMAL, "which the thesis settled on") if OPTIMAL in run else (others[0], "the config's first")
    return found


def reported(table, settings: dict):
    """The rows of test sets, without those of the pictures that an experiment was chosen on."""
    sets = set(titles(settings["test_sets"])) - {settings["adaptation"].get("choose_on")}
    return table[table["test_set"].isin(sets)]
